import numpy as np
import pytest

from ser_fop.evaluation.calibration import calibration
from ser_fop.evaluation.predictions import Prediction
from ser_fop.evaluation.temperature import at_temperature, calibrate_folds, fit_temperature

LABELS = ("a", "b", "c")


def predictions_at(temperature, *, count=3000, folds=3, seed=0):
    """Predictions of a classifier whose logits are `temperature` times those of the true distribution."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=1.5, size=(count, 3))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    stated = np.exp(temperature * logits)
    stated /= stated.sum(axis=1, keepdims=True)
    return [
        Prediction(
            id=str(number),
            speaker=f"s{number % 6}",
            fold=number % folds,
            seed=0,
            label=LABELS[generator.choice(3, p=true[number])],
            predicted=LABELS[int(stated[number].argmax())],
            probabilities=tuple(stated[number]),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fit_temperature_finds_the_temperature(temperature):
    assert fit_temperature(predictions_at(temperature), LABELS) == pytest.approx(temperature, rel=0.1)


def test_at_temperature_keeps_order_and_sum_and_inverts():
    before = predictions_at(3.0, count=50)
    changed = at_temperature(before, 3.0)
    for one, other in zip(before, changed, strict=True):
        assert np.argsort(one.probabilities).tolist() == np.argsort(other.probabilities).tolist()
        assert sum(other.probabilities) == pytest.approx(1)
        assert one.predicted == other.predicted
    again = at_temperature(changed, 1 / 3.0)
    np.testing.assert_allclose([one.probabilities for one in again], [one.probabilities for one in before], atol=1e-9)


@pytest.mark.parametrize("folds", [1, 3])
def test_calibration_reduces_the_error_of_an_overconfident_classifier(folds):
    before = predictions_at(3.0, folds=folds)
    temperature, calibrated = calibrate_folds(before, LABELS)
    assert temperature == pytest.approx(3.0, rel=0.1)
    assert calibration(before, LABELS)["ece"] > 0.1
    assert calibration(calibrated, LABELS)["ece"] < 0.03
    well = predictions_at(1.0, folds=folds)
    _, same = calibrate_folds(well, LABELS)
    assert calibration(same, LABELS)["ece"] == pytest.approx(calibration(well, LABELS)["ece"], abs=0.02)


def test_a_fold_is_calibrated_by_the_others():
    """A fold with other confidences shows: its own temperature would hide the error."""
    strange = [item for item in predictions_at(4.0, seed=1) if item.fold == 0]
    others = [item for item in predictions_at(1.0, seed=2) if item.fold != 0]
    _, calibrated = calibrate_folds([*strange, *others], LABELS)
    of_strange = [item for item in calibrated if item.fold == 0]
    own = at_temperature(strange, fit_temperature(strange, LABELS))
    assert calibration(of_strange, LABELS)["ece"] > 3 * calibration(own, LABELS)["ece"]
