"""Comparison of two systems on the same utterances: the pre-declared test over speakers, and further tests."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from scipy import stats

from ser_fop.evaluation.confusions import Score, confusions_by_speaker, tested_once
from ser_fop.evaluation.intervals import CONFIDENCE, RESAMPLES, Interval, bootstrap_speakers
from ser_fop.evaluation.predictions import Prediction

# Number of random sign assignments. With up to 16 speakers, all assignments are tested instead.
_SIGN_FLIPS = 99_999
# Digits of a share of utterances that are compared; smaller differences are rounding errors.
_DIGITS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Difference between two systems, with its tests and confidence intervals.

    Attributes:
        score: `wa` or `ua`.
        difference: Score of the first minus score of the second, each averaged over its repeats.
        p_sign_flip: p-value of the main test, a two-sided sign-flip permutation test over speakers.
        speakers: Number of test speakers.
        speakers_better: Number of speakers on whom the first system is better.
        over_speakers: Confidence interval of the difference, by resampling speakers.
        over_utterances: Confidence interval of the difference in WA, by resampling pairs of predictions.
        p_mcnemar: p-value of the exact McNemar test over utterances. The prediction of each system is the majority
            vote of its first repeats: equally many for both systems, and an odd number, so there are no ties.
        repeats: Number of repeats of the first and of the second system.
    """

    score: str
    difference: float
    p_sign_flip: float
    speakers: int
    speakers_better: int
    over_speakers: Interval | None
    over_utterances: Interval
    p_mcnemar: float
    repeats: tuple[int, int]


def compare(
    first: Collection[Prediction],
    second: Collection[Prediction],
    labels: Sequence[str],
    *,
    score: Score = "wa",
    seed: int = 0,
) -> Comparison:
    """Compare two systems on the same utterances.

    Args:
        first: Predictions of all repeats of the first system.
        second: Predictions of all repeats of the second system.
        labels: The classes, in order.
        score: Score to compare; choose it before you see the results.
        seed: Seed of the resampling.

    Raises:
        ValueError: If the systems did not test the same utterances.
    """
    first_correct, second_correct = _correct(first), _correct(second)
    if first_correct.keys() != second_correct.keys():
        raise ValueError("the two systems did not test the same utterances. Compare runs of the same test speakers.")
    one, other = confusions_by_speaker(first, labels), confusions_by_speaker(second, labels)
    speakers = len(one.speakers)

    def difference_of(times: np.ndarray) -> np.ndarray:
        return one.resampled(times, score) - other.resampled(times, score)

    # Rounded, so that equal shares tie in spite of rounding errors.
    by_speaker = np.round(one.by_speaker(score) - other.by_speaker(score), _DIGITS)
    if score == "wa":  # weighted, so that the test is about the pooled difference that is reported
        by_speaker = by_speaker * one.tested.sum(axis=1) / one.tested.sum()
    pairs = np.array([np.mean(first_correct[key]) - np.mean(second_correct[key]) for key in sorted(first_correct)])
    voting = (min(one.repeats, other.repeats) - 1) // 2 * 2 + 1
    majority = [
        tuple(np.mean(system[key][:voting]) > 0.5 for system in (first_correct, second_correct))
        for key in first_correct
    ]
    return Comparison(
        score=score,
        difference=one.score(score) - other.score(score),
        p_sign_flip=sign_flip_p(by_speaker, seed=seed),
        speakers=speakers,
        speakers_better=int((by_speaker > 0).sum()),
        over_speakers=bootstrap_speakers(difference_of, speakers, seed=seed),
        over_utterances=_over_pairs(pairs, seed=seed),
        p_mcnemar=mcnemar_p(
            sum(one_right and not other_right for one_right, other_right in majority),
            sum(other_right and not one_right for one_right, other_right in majority),
        ),
        repeats=(one.repeats, other.repeats),
    )


def sign_flip_p(differences: np.ndarray, *, seed: int = 0) -> float:
    """Return the p-value of a two-sided sign-flip permutation test of a mean difference over speakers.

    Under the null hypothesis, both signs of each speaker's difference are equally likely. With five speakers the
    smallest possible p-value is 2 / 32.

    Args:
        differences: Difference of each speaker, (speakers,).
        seed: Seed of the random signs, which are used if there are too many assignments to test all.
    """
    if len(differences) < 2 or not differences.any():
        return 1.0
    # Scaled and rounded, so that equal sums tie in spite of rounding errors.
    scaled = np.round(differences / np.abs(differences).max(), 10)
    found = stats.permutation_test(
        (scaled, np.zeros_like(scaled)),
        lambda one, other, axis: np.abs(np.mean(one - other, axis=axis)),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=_SIGN_FLIPS,
        batch=4096,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Return the p-value of the exact two-sided McNemar test.

    Args:
        only_first: Number of utterances that only the first system classified correctly.
        only_second: Number of utterances that only the second system classified correctly.
    """
    discordant = only_first + only_second
    return float(stats.binomtest(only_first, discordant).pvalue) if discordant else 1.0


def _correct(predictions: Collection[Prediction]) -> dict[str, list[bool]]:
    """Return by utterance whether each repeat, in the order of the seeds, classified it correctly."""
    runs = [run for _, run in sorted(tested_once(predictions).items())]
    return {key: [run[key].predicted == run[key].label for run in runs] for key in runs[0]}


def _over_pairs(pairs: np.ndarray, *, seed: int) -> Interval:
    """Return the percentile bootstrap interval of a mean over utterances."""
    values, counts = np.unique(pairs, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(pairs), counts / len(pairs), size=RESAMPLES)
    low, high = np.quantile(drawn @ values / len(pairs), [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    return Interval(low=float(low), high=float(high), over="utterances", units=len(pairs))
