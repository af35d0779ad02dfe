"""Synthetic predictions of known accuracy."""

import numpy as np

from ser_fop.evaluation.predictions import Prediction

LABELS = ("calm", "cross")


def predictions_of(right, *, seed=0):
    """Return predictions that are correct where `right` (speakers, utterances) is true; classes alternate."""
    table = []
    for speaker, row in enumerate(np.asarray(right)):
        for number, hit in enumerate(row):
            label = LABELS[number % 2]
            predicted = label if hit else LABELS[(number + 1) % 2]
            confidence = 0.75
            table.append(
                Prediction(
                    id=f"{speaker}-{number}",
                    speaker=f"s{speaker:02d}",
                    fold=0,
                    seed=seed,
                    label=label,
                    predicted=predicted,
                    probabilities=tuple(confidence if name == predicted else 1 - confidence for name in LABELS),
                )
            )
    return table


def drawn(generator, *, speakers, utterances=30, accuracy=0.6, spread=0.12):
    """Return random correctness (speakers, utterances), with an accuracy that varies between speakers."""
    by_speaker = np.clip(generator.normal(accuracy, spread, size=(speakers, 1)), 0.05, 0.95)
    return generator.random((speakers, utterances)) < by_speaker
