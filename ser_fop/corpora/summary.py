"""What `ser-fop info` prints of a corpus."""

import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ser_fop.corpora.audio import AudioError, duration_s
from ser_fop.corpora.base import Corpus, Listing, Problem
from ser_fop.corpora.schema import Utterance

# Segment ends are often rounded.
_TOLERANCE_S = 0.05


def summarize(corpus: Corpus, listing: Listing, *, folder: Path, jobs: int = 0) -> list[str]:
    """Return lines on utterances, hours, speakers, labels, sessions, and every problem.

    Audio headers are read, samples are not: `prepare` finds what is wrong with those.

    Args:
        corpus: The corpus's declaration.
        listing: Its utterances.
        folder: The corpus folder.
        jobs: Threads; 0 means one a core.
    """

    def seconds(utterance: Utterance) -> float | Problem:
        try:
            file_s = duration_s(folder / utterance.file)
        except AudioError as error:
            return Problem(file=utterance.file, message=str(error))
        end_s = file_s if utterance.end_s is None else utterance.end_s
        if utterance.start_s >= file_s or end_s > file_s + _TOLERANCE_S:
            message = f"lasts {file_s:.3f} s, but {utterance.id} lies from {utterance.start_s:g} to {end_s:g} s"
            return Problem(file=utterance.file, message=message)
        return min(end_s, file_s) - utterance.start_s

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        lengths = list(pool.map(seconds, listing.utterances))
    problems = [*listing.problems, *(length for length in lengths if isinstance(length, Problem))]
    known = sorted(length for length in lengths if not isinstance(length, Problem))
    utterances = listing.utterances
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
    labelled = [utterance.emotion for utterance in utterances if utterance.emotion]
    lines.append(f"labelled    {len(labelled)} ({_counts(labelled, listing.labels)})" if labelled else "labelled    0")
    if any(utterance.session for utterance in utterances):
        lines.append(f"sessions    {_counts(utterance.session for utterance in utterances)}")
    if any(utterance.style for utterance in utterances):
        lines.append(f"styles      {_counts(utterance.style for utterance in utterances)}")
    lines.append(f"problems    {len(problems)}")
    lines += [f"  {problem.file}: {problem.message}" for problem in problems]
    return lines


def _counts(values: Iterable[str], order: Iterable[str] = ()) -> str:
    """Write `name count` pairs, in the given order or sorted."""
    counts = Counter(value or "unknown" for value in values)
    return ", ".join(f"{name} {counts[name]}" for name in (tuple(order) or sorted(counts)))
