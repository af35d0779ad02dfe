"""Confidence intervals that say over what: repeats, speakers or utterances.

Over repeats: how far another initialisation may land, the speakers fixed. Over speakers: what other speakers of
the same kind may bring, which is what a claim about people rests on. Over utterances: what other sentences of the
same speakers may bring; the narrowest, and the one that papers usually print.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from ser_fop.evaluation.confusions import Score, SpeakerConfusions, score_counts

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval.

    Attributes:
        low: Lower end.
        high: Upper end.
        over: What was drawn anew: `repeats`, `speakers` or `utterances`.
        units: How many of them there were.
        confidence: Nominal coverage.
    """

    low: float
    high: float
    over: str
    units: int
    confidence: float = CONFIDENCE


def over_repeats(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's t interval of the mean over repeats; None for a single one."""
    count = len(values)
    if count < 2:
        return None
    half = stats.t.ppf(0.5 + confidence / 2, count - 1) * np.std(values, ddof=1) / math.sqrt(count)
    mean = float(np.mean(values))
    return Interval(low=mean - half, high=mean + half, over="repeats", units=count, confidence=confidence)


def over_speakers(
    confusions: SpeakerConfusions, score: Score, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval | None:
    """Return a bootstrap interval over speakers; None for a single one.

    Args:
        confusions: Counts, averaged over repeats beforehand.
        score: `wa` or `ua`, of all utterances of the speakers drawn.
        confidence: Nominal coverage.
        seed: Which speakers are drawn.
    """
    classes = confusions.counts.shape[1:]
    flat = confusions.counts.reshape(len(confusions.speakers), -1)
    return bootstrap_speakers(
        lambda times: score_counts((times @ flat).reshape(-1, *classes), score),
        len(confusions.speakers),
        confidence=confidence,
        seed=seed,
    )


def bootstrap_speakers(
    statistic: Callable[[np.ndarray], np.ndarray], speakers: int, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval | None:
    """Return the expanded percentile interval of a statistic over speakers.

    The plain percentile interval is too narrow for few units: its tails are those of a normal with the deviation of
    n, not n - 1. Expanded, its levels are the ones at which it agrees with Student's t for a mean (Hesterberg 2015,
    What Teachers Should Know About the Bootstrap, section 5.3).

    Args:
        statistic: Maps how often each speaker was drawn, (resamples, speakers), to values (resamples,).
        speakers: How many there are.
        confidence: Nominal coverage.
        seed: Which are drawn.
    """
    if speakers < 2:
        return None
    generator = np.random.default_rng(seed)
    times = generator.multinomial(speakers, np.full(speakers, 1 / speakers), size=RESAMPLES)
    t = stats.t.ppf(0.5 + confidence / 2, speakers - 1)
    tail = stats.norm.cdf(-math.sqrt(speakers / (speakers - 1)) * t)
    low, high = np.nanquantile(statistic(times), [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), over="speakers", units=speakers, confidence=confidence)


def over_utterances(
    confusions: SpeakerConfusions, score: Score, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval:
    """Return a bootstrap interval over utterances, as if each had a speaker of its own.

    An average over repeats counts as one answer that is right with that share: a little wide, never narrow.

    Args:
        confusions: Counts, averaged over repeats beforehand.
        score: `wa` or `ua`.
        confidence: Nominal coverage.
        seed: Which utterances are drawn.
    """
    total = confusions.counts.sum(axis=0)
    count = round(total.sum())
    drawn = np.random.default_rng(seed).multinomial(count, (total / total.sum()).ravel(), size=RESAMPLES)
    values = score_counts(drawn.reshape(-1, *total.shape), score)
    low, high = np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(low=float(low), high=float(high), over="utterances", units=count, confidence=confidence)
