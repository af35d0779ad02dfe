import numpy as np
import pytest

from ser_fop.evaluation.calibration import calibration
from tests.evaluation.made_up import LABELS, predictions_of


@pytest.mark.parametrize(("right", "ece"), [(0.75, 0.0), (0.5, 0.25), (1.0, 0.25)])
def test_the_error_is_the_distance_of_confidence_and_accuracy(right, ece):
    answers = np.arange(100) < 100 * right
    found = calibration(predictions_of([answers]), LABELS)
    assert found["ece"] == pytest.approx(ece)
    assert found["bins"] == [{"confidence": 0.75, "accuracy": right, "count": 100}]


def test_bins_hold_every_answer_once_the_surest_included():
    sure = predictions_of([[1, 0, 1, 1]])
    object.__setattr__(sure[0], "probabilities", (1.0, 0.0))
    found = calibration(sure, LABELS)
    assert sum(row["count"] for row in found["bins"]) == 4
    assert found["bins"][-1] == {"confidence": 1.0, "accuracy": 1.0, "count": 1}


def test_the_answer_given_is_judged_even_if_another_class_is_more_probable():
    odd = predictions_of([[1]])
    object.__setattr__(odd[0], "probabilities", (0.4, 0.6))
    assert calibration(odd, LABELS)["bins"][0]["confidence"] == 0.4
