"""Predictions of a model for clean and for changed recordings."""

import dataclasses
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from ser_fop.evaluation.confusions import confusions_by_speaker
from ser_fop.evaluation.intervals import over_speakers
from ser_fop.evaluation.predictions import Prediction
from ser_fop.inference.outputs import UNSURE
from ser_fop.inference.recording import Recognition, Recording
from ser_fop.stress.perturbations import PERTURBATIONS, Perturbation

CLEAN = "clean"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledSound:
    """A recording in memory.

    Attributes:
        id: Id of the utterance.
        speaker: Speaker of the utterance.
        label: True class, a class of the model.
        samples: Samples of shape (samples,) at the model's sample rate.
    """

    id: str
    speaker: str
    label: str
    samples: np.ndarray


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """Scores of a model under one change.

    Attributes:
        change: Name of the perturbation; `clean` without one.
        level: Level of the perturbation; None without one.
        utterances: Number of utterances.
        ua: Mean recall over the classes. An utterance without an answer counts as wrong.
        ua_low: Lower end of the 95 % interval of `ua` over speakers; None for a single speaker.
        ua_high: Upper end of this interval.
        changed: Share of the utterances whose answer differs from the clean one.
        unanswered: Share of the utterances without an answer.
        unsure: Share of the utterances whose answer is `unsure`. For the other figures, their most probable class is
            the answer.
    """

    change: str
    level: float | None
    utterances: int
    ua: float
    ua_low: float | None
    ua_high: float | None
    changed: float
    unanswered: float
    unsure: float


class Recogniser(Protocol):
    """What `ser_fop.load` returns."""

    labels: Sequence[str]
    sample_rate_hz: int

    def predict_many(self, recordings: Iterable[Recording]) -> Iterator[Recognition]:
        """Predict the emotion of many recordings."""


def measure_stress(
    predictor: Recogniser,
    sounds: Sequence[LabelledSound],
    *,
    perturbations: Mapping[str, Perturbation] = PERTURBATIONS,
    seed: int = 0,
) -> Iterator[Outcome]:
    """Yield the scores for the clean recordings, then for each perturbation and level.

    The noise of an utterance depends on `seed`, its id and the change, not on the other utterances.

    Args:
        predictor: Model that recognises emotions.
        sounds: Labelled recordings.
        perturbations: Changes by name.
        seed: Seed of the noise.
    """
    clean = _answers(predictor, sounds, [sound.samples for sound in sounds])
    yield _outcome(sounds, predictor.labels, clean, clean, change=CLEAN, level=None)
    for name, perturbation in perturbations.items():
        for level in perturbation.levels:
            changed = [
                perturbation.apply(
                    sound.samples,
                    level,
                    sample_rate_hz=predictor.sample_rate_hz,
                    generator=np.random.default_rng([seed, zlib.crc32(f"{name} {level} {sound.id}".encode())]),
                )
                for sound in sounds
            ]
            answers = _answers(predictor, sounds, changed)
            yield _outcome(sounds, predictor.labels, answers, clean, change=name, level=float(level))


def _answers(
    predictor: Recogniser, sounds: Sequence[LabelledSound], samples: Sequence[np.ndarray]
) -> list[Recognition]:
    recordings = [
        Recording(source=one, name=sound.id, sample_rate_hz=predictor.sample_rate_hz)
        for sound, one in zip(sounds, samples, strict=True)
    ]
    return list(predictor.predict_many(recordings))


def _most_probable(answer: Recognition) -> str:
    """Return the label, or the most probable one of an unsure answer; empty without an answer."""
    if answer.label != UNSURE:
        return answer.label
    return max(answer.probabilities, key=answer.probabilities.__getitem__)


def _outcome(
    sounds: Sequence[LabelledSound],
    labels: Sequence[str],
    recognised: Sequence[Recognition],
    clean: Sequence[Recognition],
    *,
    change: str,
    level: float | None,
) -> Outcome:
    answers = [_most_probable(one) for one in recognised]
    predictions = [
        Prediction(
            id=sound.id, speaker=sound.speaker, fold=0, seed=0, label=sound.label, predicted=answer, probabilities=()
        )
        for sound, answer in zip(sounds, answers, strict=True)
    ]
    confusions = confusions_by_speaker(predictions, [*labels, ""])
    interval = over_speakers(confusions, "ua")
    count = len(sounds)
    return Outcome(
        change=change,
        level=level,
        utterances=count,
        ua=confusions.score("ua"),
        ua_low=interval.low if interval else None,
        ua_high=interval.high if interval else None,
        changed=sum(one != _most_probable(other) for one, other in zip(answers, clean, strict=True)) / count,
        unanswered=sum(not answer for answer in answers) / count,
        unsure=sum(one.label == UNSURE for one in recognised) / count,
    )
