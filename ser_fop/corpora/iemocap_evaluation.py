"""The evaluation files of IEMOCAP: one summary line for each utterance."""

import codecs
import dataclasses
import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, is_stray

# [start - end] TAB utterance TAB label TAB [valence, activation, dominance]; some copies have decimal commas.
_NUMBER = r"\s*(\d+(?:[.,]\d+)?)\s*"
_SUMMARY = re.compile(rf"\[{_NUMBER}-{_NUMBER}\]\s+(\S+)\s+([a-z]+)\s*(?:\[{_NUMBER},{_NUMBER},{_NUMBER}\])?\s*$")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Summary of the raters of one utterance.

    Attributes:
        label: Label of the majority; `xxx` without one.
        valence: Mean valence, from 1 to 5; None without a rating.
        arousal: Mean activation, from 1 to 5; None without a rating.
    """

    label: str
    valence: float | None
    arousal: float | None


def read_evaluation(folder: Path, base: Path, problems: list[Problem]) -> dict[str, Evaluation]:
    """Read the summary lines of a session. The subfolders contain the labels of each rater and are not read.

    Args:
        folder: Folder `dialog/EmoEvaluation` of a session.
        base: Folder of the corpus, for problems.
        problems: List to which problems are added.

    Returns:
        The evaluation of each utterance. An utterance with contradictory lines has none.
    """
    found: dict[str, Evaluation] = {}
    contradictory: dict[str, Path] = {}
    for path in sorted(folder.glob("*.txt")):
        if is_stray(path):
            continue
        summaries = [_SUMMARY.match(line.strip()) for line in _text(path).splitlines()]
        if not any(summaries):
            message = "contains no line such as `[6.29 - 8.23] TAB utterance TAB label`; skipped"
            problems.append(Problem(file=path.relative_to(base).as_posix(), message=message))
        for summary in filter(None, summaries):
            valence, arousal = (
                None if value is None else float(value.replace(",", ".")) for value in summary.groups()[4:6]
            )
            evaluation = Evaluation(label=summary[4], valence=valence, arousal=arousal)
            if found.setdefault(summary[3], evaluation) != evaluation:
                contradictory[summary[3]] = path
    for name, path in contradictory.items():
        del found[name]
        message = f"has two lines for {name} that contradict each other; the utterance is skipped"
        problems.append(Problem(file=path.relative_to(base).as_posix(), message=message))
    return found


def _text(path: Path) -> str:
    """Decode a file in UTF-8, in UTF-16 with its byte order mark, or else in Latin-1."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
