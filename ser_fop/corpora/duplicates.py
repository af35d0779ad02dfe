"""Recordings that a corpus contains twice."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.schema import Utterance
from ser_fop.utils.json_io import sha256_if_readable
from ser_fop.utils.remote import is_remote


def duplicate_problems(utterances: Sequence[Utterance], *, folder: Path) -> list[Problem]:
    """Report utterances with the same audio: files with equal bytes, and equal stretches of one file.

    Args:
        utterances: Utterances of a corpus.
        folder: Folder of the corpus. Files behind a URL are compared by name alone.
    """
    same_as = {} if is_remote(folder) else _same_content({one.file for one in utterances}, folder)
    groups: dict[tuple[str, float, float | None], list[Utterance]] = defaultdict(list)
    for one in utterances:
        groups[same_as.get(one.file, one.file), one.start_s, one.end_s].append(one)
    return [_problem(group) for group in groups.values() if len(group) > 1]


def _problem(group: Sequence[Utterance]) -> Problem:
    differing = [name for name in ("label", "speaker") if len({getattr(one, name) for one in group}) > 1]
    ids = ", ".join(repr(one.id) for one in group)
    message = f"the same audio has several ids: {ids}"
    if differing:
        values = "; ".join(
            f"{name} {' and '.join(sorted({getattr(one, name) or 'none' for one in group}))}" for name in differing
        )
        message += f", with different values: {values}"
    return Problem(file=group[0].file, message=message)


def _same_content(files: Iterable[str], folder: Path) -> dict[str, str]:
    """Return, for each file that has a twin, the first file with the same bytes."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for file in sorted(files):
        try:
            by_size[os.stat(folder / file).st_size].append(file)
        except OSError:
            continue
    candidates = [file for group in by_size.values() if len(group) > 1 for file in group]
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for file, digest in zip(
            candidates, pool.map(lambda name: sha256_if_readable(folder / name), candidates), strict=True
        ):
            if digest:
                same[file] = first.setdefault(digest, file)
    return same
