"""Names that differ only in spelling, such as the speakers `1` and `01` or the labels `Happy` and `happy`."""

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

_SPACES = re.compile(r"\s+")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
# Spellings of a missing value in spreadsheets and data frames.
_MISSING = frozenset({"nan", "na", "n/a", "none", "null", "nil", "<na>", "#n/a", "missing", "?", "."})


def canonical(name: str) -> str:
    """Return a form that all spellings of a name share: without case, leading zeros, spaces and Unicode variants.

    Example:
        >>> canonical("Speaker 01") == canonical("speaker1")
        True
    """
    folded = _SPACES.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()))
    return _LEADING_ZEROS.sub("", unicodedata.normalize("NFKC", folded).replace("_", "-"))


def variants(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of names that differ only in spelling, each with its most frequent spelling first."""
    counts = Counter(name for name in names if name)
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups.setdefault(canonical(name), []).append(name)
    return sorted(tuple(group) for group in groups.values() if len(group) > 1)


def merge_variants(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Give all spellings of a speaker or label the most frequent one."""
    fields = ("speaker", "label")
    spelling = {
        field: {name: group[0] for group in variants(getattr(one, field) for one in utterances) for name in group}
        for field in fields
    }
    return [
        dataclasses.replace(
            one, **{field: spelling[field].get(getattr(one, field), getattr(one, field)) for field in fields}
        )
        for one in utterances
    ]


def label_problems(utterances: Sequence[Utterance]) -> list[Problem]:
    """Report labels that differ only in spelling, and labels that denote a missing value."""
    labels = Counter(one.label for one in utterances if one.label)
    problems = [
        Problem(file="labels", message=f"{_counted(group, labels)} differ only in spelling: --merge-names merges them")
        for group in variants(one.label for one in utterances)
    ]
    missing = tuple(sorted(label for label in labels if label.casefold() in _MISSING))
    if missing:
        message = f"{_counted(missing, labels)} denotes a missing value, but is a class: leave the label blank"
        problems.append(Problem(file="labels", message=message))
    return problems


def speaker_problems(utterances: Sequence[Utterance]) -> list[Problem]:
    """Report speakers that differ only in spelling."""
    speakers = Counter(one.speaker for one in utterances)
    return [
        Problem(file="speakers", message=f"{_counted(group, speakers)} differ only in spelling")
        for group in variants(one.speaker for one in utterances)
    ]


def require_distinct_speakers(utterances: Sequence[Utterance]) -> None:
    """Raise an `InputError` if one speaker may have two names: folds would train on the test speaker.

    Raises:
        InputError: If two speakers differ only in spelling.
    """
    for problem in speaker_problems(utterances):
        raise InputError(
            f"the speakers {problem.message}: as different speakers, one could train the network that is tested on the"
            " other. Give --merge-names if they are the same person; rename one if they are not."
        )


def _counted(names: Iterable[str], counts: Counter[str]) -> str:
    return ", ".join(f"{name!r} ({counts[name]} utterance{'s' * (counts[name] != 1)})" for name in names)
