"""The published counts of IEMOCAP, and the check that a copy of it is complete."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ser_fop.corpora.base import Problem
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

FOUR_CLASS = ("ang", "hap", "exc", "sad", "neu")

# Utterances of a session, of each annotation of the four classes, and of each gender within these.
PUBLISHED = {
    "Ses01": {"utterances": 1819, "ang": 229, "hap": 135, "exc": 143, "sad": 194, "neu": 384, "F": 528, "M": 557},
    "Ses02": {"utterances": 1811, "ang": 137, "hap": 117, "exc": 210, "sad": 197, "neu": 362, "F": 481, "M": 542},
    "Ses03": {"utterances": 2136, "ang": 240, "hap": 135, "exc": 151, "sad": 305, "neu": 320, "F": 522, "M": 629},
    "Ses04": {"utterances": 2103, "ang": 327, "hap": 65, "exc": 238, "sad": 143, "neu": 258, "F": 528, "M": 503},
    "Ses05": {"utterances": 2170, "ang": 170, "hap": 143, "exc": 299, "sad": 245, "neu": 384, "F": 590, "M": 651},
}

# A tree with this file in its root imitates the layout and claims no counts.
SYNTHETIC_MARKER = "SYNTHETIC.json"

# Below this many recordings or label lines a tree is a sample, which no one takes for the corpus.
# An interrupted copy is above it: the label files (dialog/) are copied before the recordings (sentences/).
LARGEST_SAMPLE = 1000


def check_release(
    root: Path, *, sessions: Sequence[str], utterances: Sequence[Utterance], unmatched: int
) -> list[Problem]:
    """Compare each session found with its published counts.

    Args:
        root: Folder of the sessions.
        sessions: Names of the sessions found, such as `"Ses01"`.
        utterances: What was read: recordings that have a label line.
        unmatched: Number of recordings and label lines that lack the other.

    Returns:
        A problem where the tree is a sample, or lacks whole sessions.

    Raises:
        InputError: If a session's counts are off in a tree of the release's size.
    """
    if (root / SYNTHETIC_MARKER).is_file():
        return []
    received = _count(utterances, sessions)
    off = [session for session in sessions if received[session] != PUBLISHED[session]]
    if off and len(utterances) + unmatched >= LARGEST_SAMPLE:
        details = "; ".join(
            f"{session} expected {_worded(PUBLISHED[session])}, received {_worded(received[session])}"
            for session in off
        )
        raise InputError(
            f"the copy of IEMOCAP in {root} is not the published one ({len(utterances)} utterances, and {unmatched}"
            f" recordings or label lines that lack the other; the release has 10039, 5531 in the four classes):"
            f" {details}. Copy the sessions again."
        )
    problems = []
    missing = [session for session in PUBLISHED if session not in sessions]
    if missing:
        problems.append(Problem(file=".", message=f"sessions {', '.join(missing)} are not there: a part of IEMOCAP"))
    if off:
        message = f"{len(utterances)} utterances where the release has 10039: a sample of IEMOCAP, not the corpus"
        problems.append(Problem(file=".", message=message))
    return problems


def _count(utterances: Sequence[Utterance], sessions: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count as `PUBLISHED` does."""
    tally: Counter[tuple[str, str]] = Counter()
    for utterance in utterances:
        tally[utterance.session, "utterances"] += 1
        if utterance.annotation in FOUR_CLASS:
            tally[utterance.session, utterance.annotation] += 1
            tally[utterance.session, utterance.gender] += 1
    return {session: {key: tally[session, key] for key in PUBLISHED[session]} for session in sessions}


def _worded(counts: dict[str, int]) -> str:
    """Word a session's counts for a message."""
    classes = ", ".join(f"{name} {counts[name]}" for name in FOUR_CLASS)
    four_class = sum(counts[name] for name in FOUR_CLASS)
    return f"{counts['utterances']} utterances ({four_class} four-class: {classes}; F {counts['F']}, M {counts['M']})"
