"""Difference in UA between two systems, pooled over corpora, with its interval and test over speakers.

UA is a sum over utterances with the weight 1 / (classes * utterances of the class). The difference of two systems is
therefore a sum over speakers, and the sign-flip test can be about UA itself, however few classes a speaker has.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ser_fop.evaluation.comparisons import sign_flip_p
from ser_fop.evaluation.confusions import SpeakerConfusions, score_counts
from ser_fop.evaluation.intervals import Interval, interval_of_resamples, resampled_speakers


@dataclasses.dataclass(frozen=True, kw_only=True)
class PooledDifference:
    """Difference in UA between two systems.

    Attributes:
        difference: UA of the first minus UA of the second; with several corpora, the mean over corpora.
        interval: 95 % interval, by resampling the speakers of each corpus; None with fewer than two speakers.
        p_sign_flip: p-value of a two-sided sign-flip permutation test over the speakers of all corpora.
        speakers: Number of test speakers of all corpora.
        by_corpus: Difference by corpus.
    """

    difference: float
    interval: Interval | None
    p_sign_flip: float
    speakers: int
    by_corpus: Mapping[str, float]


def pooled_difference(
    pairs: Mapping[str, tuple[SpeakerConfusions, SpeakerConfusions]], *, seed: int = 0
) -> PooledDifference:
    """Compare two systems on one or several corpora. Each corpus has the same weight.

    Args:
        pairs: Confusions of the first and of the second system by corpus, each averaged over repeats.
        seed: Seed of the resampling and of the random signs.

    Raises:
        ValueError: If there is no corpus, or if the systems did not test the same utterances.
    """
    if not pairs:
        raise ValueError("expected at least one corpus, received none.")
    parts, resamples, by_corpus = [], [], {}
    generator = np.random.default_rng(seed)
    for corpus, (first, second) in pairs.items():
        parts.append(speaker_shares(first, second) / len(pairs))
        by_corpus[corpus] = first.score("ua") - second.score("ua")
        times = resampled_speakers(len(first.speakers), generator)
        resamples.append(_ua(first, times) - _ua(second, times))
    shares = np.concatenate(parts)
    return PooledDifference(
        difference=float(np.mean(list(by_corpus.values()))),
        interval=interval_of_resamples(np.mean(resamples, axis=0), speakers=len(shares)),
        p_sign_flip=sign_flip_p(shares, seed=seed),
        speakers=len(shares),
        by_corpus=by_corpus,
    )


def speaker_shares(first: SpeakerConfusions, second: SpeakerConfusions) -> np.ndarray:
    """Return what each speaker contributes to the difference in UA, (speakers,). Their sum is the difference.

    Args:
        first: Confusions of the first system.
        second: Confusions of the second system.

    Raises:
        ValueError: If the systems did not test the same utterances.
    """
    tested = first.counts.sum(axis=2)
    if first.speakers != second.speakers or not np.allclose(tested, second.counts.sum(axis=2)):
        raise ValueError("the two systems did not test the same utterances. Compare runs of the same test speakers.")
    total = tested.sum(axis=0)
    occurs = total > 0
    weights = np.zeros(len(total))
    weights[occurs] = 1 / (occurs.sum() * total[occurs])
    gained = np.diagonal(first.counts - second.counts, axis1=1, axis2=2)
    return gained @ weights


def _ua(confusions: SpeakerConfusions, times: np.ndarray) -> np.ndarray:
    """Return the UA of each resample of the speakers, (resamples,)."""
    counts = confusions.counts
    drawn = times @ counts.reshape(len(counts), -1)
    return score_counts(drawn.reshape(-1, *counts.shape[1:]), "ua")
