"""Predictions whose true accuracy is known."""

import numpy as np

from ser_fop.evaluation.predictions import Prediction

LABELS = ("calm", "cross")


def predictions_of(right, *, seed=0):
    """Return predictions from whether each answer is right, (speakers, utterances); classes alternate."""
    table = []
    for speaker, answers in enumerate(np.asarray(right)):
        for number, hit in enumerate(answers):
            label = LABELS[number % 2]
            predicted = label if hit else LABELS[(number + 1) % 2]
            sure = 0.75
            table.append(
                Prediction(
                    id=f"{speaker}-{number}",
                    speaker=f"s{speaker:02d}",
                    fold=0,
                    seed=seed,
                    label=label,
                    predicted=predicted,
                    probabilities=tuple(sure if name == predicted else 1 - sure for name in LABELS),
                )
            )
    return table


def drawn(generator, *, speakers, utterances=30, accuracy=0.6, spread=0.12):
    """Return which answers are right where speakers differ in how well they are recognised."""
    own = np.clip(generator.normal(accuracy, spread, size=(speakers, 1)), 0.05, 0.95)
    return generator.random((speakers, utterances)) < own
