import json

import numpy as np
import pytest

from ser_fop.evaluation.description import describe_predictions
from tests.evaluation.made_up import LABELS, drawn, predictions_of


def test_describe_predictions_returns_consistent_figures():
    predictions = predictions_of(drawn(np.random.default_rng(0), speakers=6))
    found = describe_predictions(predictions, LABELS)
    for score in ("wa", "ua"):
        for over in ("speakers", "utterances"):
            interval = found["intervals"][score][over]
            assert interval["low"] < found[score] < interval["high"]
    assert len(found["speakers"]) == 6
    assert np.mean([row["wa"] for row in found["speakers"].values()]) == pytest.approx(found["wa"])
    assert sum(row["n"] for row in found["speakers"].values()) == found["n"] == len(predictions)
    assert 0 <= found["calibration"]["ece"] <= 1
    json.dumps(found, allow_nan=False)


def test_describe_predictions_of_one_speaker_has_no_speaker_interval():
    found = describe_predictions(predictions_of([[1, 0, 1, 1]]), LABELS)
    assert found["intervals"]["wa"]["speakers"] is None


def test_describe_predictions_ignores_order():
    predictions = predictions_of(drawn(np.random.default_rng(0), speakers=6))
    assert describe_predictions(predictions, LABELS) == describe_predictions(predictions[::-1], LABELS)
