"""The parts of Speech Commands: a published rule divides the speakers, and two lists repeat its result."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.companions import find_companion, read_lines
from ser_fop.corpora.split_column import TEST, TRAIN, VALIDATION

# The published rule: 10 % of the speakers validate, and 10 % are tested.
_MODULUS = 2**27
_VALIDATION_PERCENT, _TEST_PERCENT = 10.0, 10.0
LISTS = {"validation_list.txt": VALIDATION, "testing_list.txt": TEST}


@functools.lru_cache(maxsize=10_000)
def part_of_speaker(speaker: str) -> str:
    """Return `train`, `validation` or `test` for a speaker, by the SHA-1 of the name.

    Args:
        speaker: What precedes `_nohash_` in a file name.

    Example:
        >>> part_of_speaker("bb05582b")
        'test'
    """
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16) % _MODULUS
    percent = number * (100.0 / (_MODULUS - 1))
    if percent < _VALIDATION_PERCENT:
        return VALIDATION
    return TEST if percent < _VALIDATION_PERCENT + _TEST_PERCENT else TRAIN


def list_problems(parts: Mapping[str, str], files: Sequence[Path], *, folder: Path) -> list[Problem]:
    """Compare the published lists with the rule, which decides.

    Args:
        parts: Part of each recording, by its path as the lists write it: `right/bb05582b_nohash_3.wav`.
        files: Audio files of the corpus, beside which the lists are.
        folder: Folder of the corpus.

    Returns:
        One problem for each way in which a list differs. A list that is missing is no problem.
    """
    problems = []
    for name, part in LISTS.items():
        path = find_companion(name, files, folder=folder)
        if path is None:
            continue
        listed = {line.strip() for line in read_lines(path)}
        ruled = {file for file, of_rule in parts.items() if of_rule == part}
        differences = (
            (listed & parts.keys() - ruled, f"lists {{}} that the rule does not put into {part}"),
            (ruled - listed, f"lacks {{}} that the rule puts into {part}"),
            (listed - parts.keys(), "lists {} that the folder does not contain"),
        )
        for found, message in differences:
            if found:
                count = f"{len(found)} recording{'s' * (len(found) > 1)}"
                problems.append(Problem(file=name, message=f"{message.format(count)}; the first is {min(found)}"))
    return problems
