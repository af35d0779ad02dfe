"""Confusion counts by speaker, the basis of all scores, confidence intervals and tests."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

from ser_fop.evaluation.predictions import Prediction

Score = Literal["wa", "ua"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeakerConfusions:
    """Confusion counts of each speaker, averaged over repeats.

    Attributes:
        speakers: The speakers, sorted.
        labels: The classes, in order.
        counts: Number of utterances by speaker, true class and predicted class, (speakers, classes, classes).
            The numbers are fractions where repeats disagree.
        repeats: Number of repeats in the average.
    """

    speakers: tuple[str, ...]
    labels: tuple[str, ...]
    counts: np.ndarray
    repeats: int

    def score(self, score: Score) -> float:
        """Return the score over all utterances."""
        return float(score_counts(self.counts.sum(axis=0), score))

    def by_speaker(self, score: Score) -> np.ndarray:
        """Return the score of each speaker, (speakers,)."""
        return score_counts(self.counts, score)


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
    counts = np.zeros((len(speakers), len(labels), len(labels)))
    for item in predictions:
        counts[place[item.speaker], index[item.label], index[item.predicted]] += 1 / len(tested)
    return SpeakerConfusions(speakers=tuple(speakers), labels=tuple(labels), counts=counts, repeats=len(tested))


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


def score_counts(counts: np.ndarray, score: Score) -> np.ndarray:
    """Return WA or UA of confusion counts.

    Args:
        counts: Shape (..., classes, classes); rows are the true classes.
        score: `wa`, the share of correct predictions, or `ua`, the mean recall over the classes that occur.

    Returns:
        Scores of shape (...); NaN where the counts are zero.
    """
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    total = counts.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if score == "wa":
            return correct.sum(axis=-1) / total.sum(axis=-1)
        occurs = total > 0
        return np.where(occurs, correct / total, 0.0).sum(axis=-1) / occurs.sum(axis=-1)
