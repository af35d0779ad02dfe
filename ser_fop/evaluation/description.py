"""All figures of a prediction table for `metrics.json`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ser_fop.evaluation.calibration import calibration
from ser_fop.evaluation.confusions import confusions_by_speaker
from ser_fop.evaluation.intervals import over_speakers, over_utterances
from ser_fop.evaluation.predictions import Prediction, score_predictions
from ser_fop.evaluation.scores import top_accuracy

SCORES = ("wa", "ua")
_TOP = 5


def describe_predictions(predictions: Sequence[Prediction], labels: Sequence[str]) -> dict[str, Any]:
    """Return scores, confidence intervals, scores by speaker and calibration of one run.

    Args:
        predictions: Predictions of one seed, one per utterance.
        labels: The classes, in order.

    Returns:
        The keys of `classification_scores`; `top_5` for more than five classes; `intervals` by score (`speakers`, None
        for a single speaker, and `utterances`); `speakers` (`wa`, `ua` and `n` of each); and `calibration`.
    """
    confusions = confusions_by_speaker(predictions, labels)
    intervals = {}
    for score in SCORES:
        found = (over_speakers(confusions, score), over_utterances(confusions, score))
        intervals[score] = {
            name: dataclasses.asdict(one) if one else None
            for name, one in zip(("speakers", "utterances"), found, strict=True)
        }
    each = zip(*(confusions.by_speaker(score) for score in SCORES), confusions.tested.sum(axis=1), strict=True)
    top = {}
    if len(labels) > _TOP:
        probabilities = np.array([item.probabilities for item in predictions])
        top = {"top_5": top_accuracy([item.label for item in predictions], probabilities, labels, count=_TOP)}
    return {
        **score_predictions(predictions, labels),
        **top,
        "intervals": intervals,
        "speakers": {
            speaker: {"wa": float(wa), "ua": float(ua), "n": int(count)}
            for speaker, (wa, ua, count) in zip(confusions.speakers, each, strict=True)
        },
        "calibration": calibration(predictions, labels),
    }
