"""Who was taken for what, speaker by speaker: the counts from which every score, interval and test follows."""

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
        counts: Utterances by speaker, true class and predicted class, (speakers,
            classes, classes); fractions where repeats disagree.
        repeats: Repeats averaged.
    """

    speakers: tuple[str, ...]
    labels: tuple[str, ...]
    counts: np.ndarray
    repeats: int

    def score(self, score: Score) -> float:
        """Return a score over all utterances."""
        return float(score_counts(self.counts.sum(axis=0), score))

    def by_speaker(self, score: Score) -> np.ndarray:
        """Return a score of each speaker, (speakers,)."""
        return score_counts(self.counts, score)


def confusions_by_speaker(predictions: Collection[Prediction], labels: Sequence[str]) -> SpeakerConfusions:
    """Count the answers to each speaker's utterances.

    Args:
        predictions: Of one repeat or of several, told apart by their seed.
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
    """Return the predictions by seed and by utterance.

    Raises:
        ValueError: If there are none, or the seeds did not test the same utterances, each once.
    """
    by_seed: dict[int, dict[str, Prediction]] = {}
    for item in predictions:
        tested = by_seed.setdefault(item.seed, {})
        if item.id in tested:
            raise ValueError(f"utterance {item.id!r} was tested twice by the run of seed {item.seed}.")
        tested[item.id] = item
    if not by_seed:
        raise ValueError("expected predictions, received none.")
    if len({frozenset(tested) for tested in by_seed.values()}) > 1:
        raise ValueError(f"the runs of seeds {sorted(by_seed)} did not test the same utterances.")
    return by_seed


def score_counts(counts: np.ndarray, score: Score) -> np.ndarray:
    """Return WA or UA of confusion counts.

    Args:
        counts: Shape (..., classes, classes), rows true.
        score: `wa`, the share of right answers; `ua`, the mean recall over the classes that occur.

    Returns:
        Shape (...); NaN where nothing was counted.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    asked = counts.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if score == "wa":
            return right.sum(axis=-1) / asked.sum(axis=-1)
        occurs = asked > 0
        return np.where(occurs, right / asked, 0.0).sum(axis=-1) / occurs.sum(axis=-1)
