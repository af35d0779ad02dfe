"""Is one system better than another on the same utterances? One pre-declared test, over speakers; others beside it."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from scipy import stats

from ser_fop.evaluation.confusions import Score, confusions_by_speaker, score_counts, tested_once
from ser_fop.evaluation.intervals import CONFIDENCE, RESAMPLES, Interval, bootstrap_speakers
from ser_fop.evaluation.predictions import Prediction

# Up to 16 speakers every assignment of signs is tried, above that so many are drawn.
_SIGN_FLIPS = 99_999
# Of a share of utterances; what differs beyond is rounding.
_DIGITS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a difference between two systems is worth.

    Attributes:
        score: `wa` or `ua`.
        difference: First minus second, each averaged over its repeats.
        p_sign_flip: The test that decides: two-sided sign-flip permutation over speakers.
        speakers: Speakers tested.
        speakers_better: Speakers on whom the first is better.
        over_speakers: Interval of the difference, speakers drawn anew.
        over_utterances: Interval of the difference in WA, utterances drawn anew in pairs.
        p_mcnemar: Exact McNemar test over utterances; each system answers by the majority of its first repeats, of
            both systems equally many and an odd number, so that no vote is a tie.
        repeats: Repeats of the first and of the second.
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
        first: Predictions of all repeats of the one.
        second: Predictions of all repeats of the other.
        labels: The classes, in order.
        score: What is compared; declare it before looking.
        seed: Draws of the tests.

    Raises:
        ValueError: If they did not test the same utterances.
    """
    ours, theirs = _right(first), _right(second)
    if ours.keys() != theirs.keys():
        raise ValueError("the two systems did not test the same utterances.")
    one, other = confusions_by_speaker(first, labels), confusions_by_speaker(second, labels)
    shape = one.counts.shape

    def difference_of(times: np.ndarray) -> np.ndarray:
        drawn = [(times @ part.counts.reshape(shape[0], -1)).reshape(-1, *shape[1:]) for part in (one, other)]
        return score_counts(drawn[0], score) - score_counts(drawn[1], score)

    # Shares that are equal must tie, whatever was rounded on the way to them.
    by_speaker = np.round(one.by_speaker(score) - other.by_speaker(score), _DIGITS)
    if score == "wa":  # each speaker's part of the pooled difference, so that what is tested is what is reported
        by_speaker = by_speaker * one.counts.sum(axis=(1, 2)) / one.counts.sum()
    pairs = np.array([np.mean(ours[key]) - np.mean(theirs[key]) for key in sorted(ours)])
    voting = (min(one.repeats, other.repeats) - 1) // 2 * 2 + 1
    majority = [tuple(np.mean(right[key][:voting]) > 0.5 for right in (ours, theirs)) for key in ours]
    return Comparison(
        score=score,
        difference=one.score(score) - other.score(score),
        p_sign_flip=sign_flip_p(by_speaker, seed=seed),
        speakers=shape[0],
        speakers_better=int((by_speaker > 0).sum()),
        over_speakers=bootstrap_speakers(difference_of, shape[0], seed=seed),
        over_utterances=_over_pairs(pairs, seed=seed),
        p_mcnemar=mcnemar_p(
            sum(right and not other_right for right, other_right in majority),
            sum(other_right and not right for right, other_right in majority),
        ),
        repeats=(one.repeats, other.repeats),
    )


def sign_flip_p(differences: np.ndarray, *, seed: int = 0) -> float:
    """Return the two-sided p of a mean difference over speakers, by flipping their signs.

    If neither system is better, each speaker's difference is as likely with the other sign. With five speakers no p
    is below 2 / 32.

    Args:
        differences: One a speaker, (speakers,).
        seed: Which signs, where there are too many to try all.
    """
    if len(differences) < 2 or not differences.any():
        return 1.0
    # In units of the largest, and rounded: sums that tie must tie whatever the rounding on the way.
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
    """Return the exact two-sided p of McNemar's test.

    Args:
        only_first: Utterances that only the first system got right.
        only_second: Utterances that only the second got right.
    """
    discordant = only_first + only_second
    return float(stats.binomtest(only_first, discordant).pvalue) if discordant else 1.0


def _right(predictions: Collection[Prediction]) -> dict[str, list[bool]]:
    """Return whether each repeat, by its seed, got each utterance right."""
    runs = [run for _, run in sorted(tested_once(predictions).items())]
    return {key: [run[key].predicted == run[key].label for run in runs] for key in runs[0]}


def _over_pairs(pairs: np.ndarray, *, seed: int) -> Interval:
    """Return the percentile interval of a mean over utterances."""
    values, counts = np.unique(pairs, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(pairs), counts / len(pairs), size=RESAMPLES)
    low, high = np.quantile(drawn @ values / len(pairs), [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    return Interval(low=float(low), high=float(high), over="utterances", units=len(pairs))
