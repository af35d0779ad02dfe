"""Difference in UA between two systems, pooled over corpora, with its interval and test over speakers.

UA is a sum over utterances with the weight 1 / (classes * utterances of the class). The difference of two systems is
therefore a sum over speakers, and the sign-flip test can be about UA itself, however few classes a speaker has.
"""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from scipy import stats

from ser_fop.evaluation.comparisons import sign_flip_p
from ser_fop.evaluation.confusions import SpeakerConfusions
from ser_fop.evaluation.intervals import CONFIDENCE, Interval, resampled_speakers


@dataclasses.dataclass(frozen=True, kw_only=True)
class PooledDifference:
    """Difference in UA between two systems.

    Attributes:
        difference: UA of the first minus UA of the second; with several corpora, the mean over corpora.
        interval: 95 % interval, by resampling the speakers of each corpus; None if a corpus has a single speaker.
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
    parts, resamples, by_corpus = [], {}, {}
    generator = np.random.default_rng(seed)
    for corpus, (first, second) in pairs.items():
        parts.append(speaker_shares(first, second) / len(pairs))
        by_corpus[corpus] = first.score("ua") - second.score("ua")
        times = resampled_speakers(len(first.speakers), generator)
        resamples[corpus] = first.resampled(times, "ua") - second.resampled(times, "ua")
    shares = np.concatenate(parts)
    sizes = {corpus: len(first.speakers) for corpus, (first, _) in pairs.items()}
    return PooledDifference(
        difference=float(np.mean(list(by_corpus.values()))),
        interval=_interval(by_corpus, resamples, sizes),
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
    if first.speakers != second.speakers or not np.allclose(first.tested, second.tested):
        raise ValueError("the two systems did not test the same utterances. Compare runs of the same test speakers.")
    total = first.tested.sum(axis=0)
    occurs = total > 0
    weights = np.zeros(len(total))
    weights[occurs] = 1 / (occurs.sum() * total[occurs])
    return (first.correct - second.correct) @ weights


def _interval(
    estimates: Mapping[str, float], resamples: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> Interval | None:
    """Return the 95 % interval of the mean over corpora; None if a corpus has a single speaker.

    A bootstrap over n speakers has a variance that is too small by (n - 1) / n, so the deviations of each corpus are
    expanded. The degrees of freedom are those of Welch and Satterthwaite: a corpus of few speakers counts as such.
    """
    if min(sizes.values()) < 2:
        return None
    expanded = [
        estimates[corpus] + (drawn - estimates[corpus]) * math.sqrt(sizes[corpus] / (sizes[corpus] - 1))
        for corpus, drawn in resamples.items()
    ]
    variances = np.array([np.nanvar(drawn) for drawn in expanded])
    freedom = np.array([size - 1 for size in sizes.values()])
    total = variances.sum()
    degrees = total**2 / (variances**2 / freedom).sum() if total else float(freedom.sum())
    tail = stats.norm.cdf(-stats.t.ppf(0.5 + CONFIDENCE / 2, degrees))
    low, high = np.nanquantile(np.mean(expanded, axis=0), [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), over="speakers", units=sum(sizes.values()))
