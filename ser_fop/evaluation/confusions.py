"""Confusion counts by speaker, the basis of all scores, confidence intervals and tests."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

from ser_fop.evaluation.predictions import Prediction

Score = Literal["wa", "ua"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeakerConfusions:
    """Correct and tested utterances of each speaker, and the confusion counts of all, averaged over repeats.

    The numbers are fractions where repeats disagree. Confusions are not kept by speaker: with hundreds of classes, they
    would fill the memory.

    Attributes:
        speakers: The speakers, sorted.
        labels: The classes, in order.
        correct: Number of utterances that are predicted correctly, (speakers, classes).
        tested: Number of utterances by true class, (speakers, classes).
        confusion: Number of utterances by true and predicted class, (classes, classes).
        repeats: Number of repeats in the average.
    """

    speakers: tuple[str, ...]
    labels: tuple[str, ...]
    correct: np.ndarray
    tested: np.ndarray
    confusion: np.ndarray
    repeats: int

    def score(self, score: Score) -> float:
        """Return the score over all utterances."""
        return float(self.resampled(np.ones((1, len(self.speakers))), score)[0])

    def by_speaker(self, score: Score) -> np.ndarray:
        """Return the score of each speaker, (speakers,)."""
        return score_counts(self.correct, self.tested, score)

    def resampled(self, times: np.ndarray, score: Score) -> np.ndarray:
        """Return the score of each resample, (resamples,).

        Args:
            times: Number of times that each speaker was drawn, (resamples, speakers).
            score: `wa` or `ua`.
        """
        return score_counts(times @ self.correct, times @ self.tested, score)


def confusions_by_speaker(predictions: Collection[Prediction], labels: Sequence[str]) -> SpeakerConfusions:
    """Return the confusion counts of each speaker.

    Args:
        predictions: Predictions of one or several repeats; each repeat has another seed.
        labels: The classes, in order.

    Raises:
        ValueError: If the repeats did not test the same utterances, each once.
    """
    tested = tested_once(predictions)
    speakers = sorted({item.speaker for item in predictions})
    place = {speaker: number for number, speaker in enumerate(speakers)}
    index = {label: number for number, label in enumerate(labels)}
    total, correct = np.zeros((2, len(speakers), len(labels)))
    confusion = np.zeros((len(labels), len(labels)))
    share = 1 / len(tested)
    for item in predictions:
        row = place[item.speaker], index[item.label]
        total[row] += share
        correct[row] += share * (item.label == item.predicted)
        confusion[index[item.label], index[item.predicted]] += share
    return SpeakerConfusions(
        speakers=tuple(speakers),
        labels=tuple(labels),
        correct=correct,
        tested=total,
        confusion=confusion,
        repeats=len(tested),
    )


def tested_once(predictions: Collection[Prediction]) -> dict[int, dict[str, Prediction]]:
    """Return the predictions by seed and by utterance id.

    Raises:
        ValueError: If there are no predictions, or the seeds did not test the same utterances, each once.
    """
    by_seed: dict[int, dict[str, Prediction]] = {}
    for item in predictions:
        tested = by_seed.setdefault(item.seed, {})
        if item.id in tested:
            raise ValueError(
                f"utterance {item.id!r} was tested twice with seed {item.seed}. Expected one prediction per seed."
            )
        tested[item.id] = item
    if not by_seed:
        raise ValueError("expected predictions, received none.")
    if len({frozenset(tested) for tested in by_seed.values()}) > 1:
        raise ValueError(
            f"the runs of seeds {sorted(by_seed)} did not test the same utterances. Use the same folds for all."
        )
    return by_seed


def score_counts(correct: np.ndarray, total: np.ndarray, score: Score) -> np.ndarray:
    """Return WA or UA of counts.

    Args:
        correct: Number of correct predictions by true class, (..., classes).
        total: Number of utterances by true class, (..., classes).
        score: `wa`, the share of correct predictions, or `ua`, the mean recall over the classes that occur.

    Returns:
        Scores of shape (...); NaN where the counts are zero.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if score == "wa":
            return correct.sum(axis=-1) / total.sum(axis=-1)
        occurs = total > 0
        return np.where(occurs, correct / total, 0.0).sum(axis=-1) / occurs.sum(axis=-1)
