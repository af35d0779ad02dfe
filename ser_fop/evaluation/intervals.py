"""Confidence intervals over repeats, over speakers and over utterances.

- Over repeats: variation by initialisation, with the same speakers.
- Over speakers: variation by other speakers of the same population. Claims about people need this interval.
- Over utterances: variation by other sentences of the same speakers. It is the narrowest; most papers report it.
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
        over: Units that vary: `repeats`, `speakers` or `utterances`.
        units: Number of these units.
        confidence: Nominal coverage.
    """

    low: float
    high: float
    over: str
    units: int
    confidence: float = CONFIDENCE


def over_repeats(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's t interval of the mean over repeats, or None for a single repeat."""
    count = len(values)
    if count < 2:
        return None
    half = stats.t.ppf(0.5 + confidence / 2, count - 1) * np.std(values, ddof=1) / math.sqrt(count)
    mean = float(np.mean(values))
    return Interval(low=mean - half, high=mean + half, over="repeats", units=count, confidence=confidence)


def over_speakers(
    confusions: SpeakerConfusions, score: Score, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval | None:
    """Return the bootstrap interval of a score over speakers, or None for a single speaker.

    Args:
        confusions: Confusion counts, averaged over repeats.
        score: `wa` or `ua`, over all utterances of the sampled speakers.
        confidence: Nominal coverage.
        seed: Seed of the resampling.
    """
    return bootstrap_speakers(
        lambda times: confusions.resampled(times, score),
        len(confusions.speakers),
        confidence=confidence,
        seed=seed,
    )


def bootstrap_speakers(
    statistic: Callable[[np.ndarray], np.ndarray], speakers: int, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval | None:
    """Return the expanded percentile interval of a statistic over speakers.

    The plain percentile interval is too narrow for few units: it uses normal quantiles and a standard deviation with
    divisor n instead of n - 1. The expanded levels make it agree with Student's t interval of a mean (Hesterberg 2015,
    What Teachers Should Know About the Bootstrap, section 5.3).

    Args:
        statistic: Function that maps the number of times each speaker was sampled, (resamples, speakers), to values
            (resamples,).
        speakers: Number of speakers.
        confidence: Nominal coverage.
        seed: Seed of the resampling.
    """
    if speakers < 2:
        return None
    times = resampled_speakers(speakers, np.random.default_rng(seed))
    t = stats.t.ppf(0.5 + confidence / 2, speakers - 1)
    tail = stats.norm.cdf(-math.sqrt(speakers / (speakers - 1)) * t)
    low, high = np.nanquantile(statistic(times), [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), over="speakers", units=speakers, confidence=confidence)


def resampled_speakers(speakers: int, generator: np.random.Generator) -> np.ndarray:
    """Return the number of times each speaker was sampled, (resamples, speakers).

    Args:
        speakers: Number of speakers.
        generator: Source of the samples.
    """
    return generator.multinomial(speakers, np.full(speakers, 1 / speakers), size=RESAMPLES)


def over_utterances(
    confusions: SpeakerConfusions, score: Score, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval:
    """Return the bootstrap interval of a score over utterances, which it treats as independent.

    An average over repeats counts as one prediction that is correct with that probability. The interval is then
    slightly too wide, never too narrow.

    Args:
        confusions: Confusion counts, averaged over repeats.
        score: `wa` or `ua`.
        confidence: Nominal coverage.
        seed: Seed of the resampling.
    """
    total, correct = confusions.tested.sum(axis=0), confusions.correct.sum(axis=0)
    count = round(total.sum())
    # Each class has its correct and its wrong predictions.
    shares = np.maximum(np.stack([correct, total - correct]), 0.0) / total.sum()
    drawn = np.random.default_rng(seed).multinomial(count, shares.ravel(), size=RESAMPLES).reshape(-1, *shares.shape)
    values = score_counts(drawn[:, 0], drawn.sum(axis=1), score)
    low, high = np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(low=float(low), high=float(high), over="utterances", units=count, confidence=confidence)
