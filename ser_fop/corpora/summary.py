"""The summary of a corpus that `ser-fop info` prints."""

import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_fop.corpora.audio import END_TOLERANCE_S, AudioError, duration_s
from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.base import Corpus, Listing
from ser_fop.corpora.name_variants import label_problems, speaker_problems
from ser_fop.corpora.schema import Utterance


def summarize(corpus: Corpus, listing: Listing, *, folder: Path, jobs: int = 0) -> list[str]:
    """Return lines on utterances, hours, speakers, labels, sessions, and every problem.

    Audio headers are read, samples are not: `prepare` finds problems of the samples.

    Args:
        corpus: Declaration of the corpus.
        listing: Utterances of the corpus.
        folder: Folder of the corpus.
        jobs: Number of threads; 0 means one for each core.
    """
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        lengths = list(pool.map(lambda utterance: _length_s(utterance, folder), listing.utterances))
    utterances = listing.utterances
    problems = [*listing.problems, *(length for length in lengths if isinstance(length, Problem))]
    problems += [*speaker_problems(utterances), *label_problems(utterances)]
    known = sorted(length for length in lengths if not isinstance(length, Problem))
    lines = [
        f"{corpus.title} ({corpus.licence})",
        f"utterances  {len(utterances)}",
        f"hours       {sum(known) / 3600:.2f}",
    ]
    if known:
        lines.append(
            f"duration    {known[0]:.2f} s shortest, {known[len(known) // 2]:.2f} s median, {known[-1]:.2f} s longest"
        )
    speakers = {utterance.speaker: utterance.gender for utterance in utterances}
    lines.append(f"speakers    {len(speakers)} ({_counts(speakers.values())})")
    labelled = [utterance.label for utterance in utterances if utterance.label]
    lines.append(f"labelled    {len(labelled)} ({_counts(labelled, listing.labels)})" if labelled else "labelled    0")
    if any(utterance.session for utterance in utterances):
        lines.append(f"sessions    {_counts(utterance.session for utterance in utterances)}")
    if any(utterance.style for utterance in utterances):
        lines.append(f"styles      {_counts(utterance.style for utterance in utterances)}")
    lines.append(f"problems    {len(problems)}")
    lines += [f"  {problem.file}: {problem.message}" for problem in problems]
    return lines


def _length_s(utterance: Utterance, folder: Path) -> float | Problem:
    """Return the duration of an utterance in seconds, or the problem of its file."""
    try:
        file_s = duration_s(folder / utterance.file)
    except AudioError as error:
        return Problem(file=utterance.file, message=str(error))
    end_s = file_s if utterance.end_s is None else utterance.end_s
    if utterance.start_s >= file_s or end_s > file_s + END_TOLERANCE_S:
        message = f"lasts {file_s:.3f} s, but {utterance.id} lies from {utterance.start_s:g} to {end_s:g} s"
        return Problem(file=utterance.file, message=message)
    return min(end_s, file_s) - utterance.start_s


def _counts(values: Iterable[str], order: Iterable[str] = ()) -> str:
    """Format `name count` pairs in the given order, or sorted by name."""
    counts = Counter(value or "unknown" for value in values)
    return ", ".join(f"{name} {counts[name]}" for name in (tuple(order) or sorted(counts)))
