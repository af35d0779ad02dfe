import numpy as np
import pytest

from ser_fop.evaluation.calibration import calibration
from tests.evaluation.made_up import LABELS, predictions_of


@pytest.mark.parametrize(("right", "ece"), [(0.75, 0.0), (0.5, 0.25), (1.0, 0.25)])
def test_calibration_error_is_distance_of_confidence_and_accuracy(right, ece):
    correct = np.arange(100) < 100 * right
    found = calibration(predictions_of([correct]), LABELS)
    assert found["ece"] == pytest.approx(ece)
    assert found["bins"] == [{"confidence": 0.75, "accuracy": right, "count": 100}]


def test_calibration_bins_include_confidence_of_one():
    predictions = predictions_of([[1, 0, 1, 1]])
    object.__setattr__(predictions[0], "probabilities", (1.0, 0.0))
    found = calibration(predictions, LABELS)
    assert sum(row["count"] for row in found["bins"]) == 4
    assert found["bins"][-1] == {"confidence": 1.0, "accuracy": 1.0, "count": 1}


def test_calibration_uses_probability_of_predicted_class():
    predictions = predictions_of([[1]])
    object.__setattr__(predictions[0], "probabilities", (0.4, 0.6))
    assert calibration(predictions, LABELS)["bins"][0]["confidence"] == 0.4
