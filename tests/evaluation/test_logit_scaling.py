import dataclasses

import numpy as np
import pytest

from ser_fop.evaluation.calibration import calibration
from ser_fop.evaluation.logit_scaling import LogitScaling, fit_scaling, scale_folds, scaled_predictions
from ser_fop.evaluation.predictions import Prediction

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
def test_fit_scaling_finds_the_temperature(temperature):
    found = fit_scaling(predictions_at(temperature), LABELS)
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert found.bias == ()


def test_a_temperature_keeps_order_and_sum_and_inverts():
    before = predictions_at(3.0, count=50)
    changed = scaled_predictions(before, LogitScaling(temperature=3.0), LABELS)
    for one, other in zip(before, changed, strict=True):
        assert np.argsort(one.probabilities).tolist() == np.argsort(other.probabilities).tolist()
        assert sum(other.probabilities) == pytest.approx(1)
        assert one.predicted == other.predicted
    again = scaled_predictions(changed, LogitScaling(temperature=1 / 3.0), LABELS)
    np.testing.assert_allclose([one.probabilities for one in again], [one.probabilities for one in before], atol=1e-6)


@pytest.mark.parametrize("folds", [1, 3])
def test_calibration_reduces_the_error_of_an_overconfident_classifier(folds):
    before = predictions_at(3.0, folds=folds)
    scaling, calibrated = scale_folds(before, LABELS)
    assert scaling.temperature == pytest.approx(3.0, rel=0.1)
    assert calibration(before, LABELS)["ece"] > 0.1
    assert calibration(calibrated, LABELS)["ece"] < 0.03
    well = predictions_at(1.0, folds=folds)
    _, same = scale_folds(well, LABELS)
    assert calibration(same, LABELS)["ece"] == pytest.approx(calibration(well, LABELS)["ece"], abs=0.02)


def test_a_fold_is_calibrated_by_the_others():
    """A fold with other confidences shows: its own temperature would hide the error."""
    strange = [item for item in predictions_at(4.0, seed=1) if item.fold == 0]
    others = [item for item in predictions_at(1.0, seed=2) if item.fold != 0]
    _, calibrated = scale_folds([*strange, *others], LABELS)
    of_strange = [item for item in calibrated if item.fold == 0]
    own = scaled_predictions(strange, fit_scaling(strange, LABELS), LABELS)
    assert calibration(of_strange, LABELS)["ece"] > 3 * calibration(own, LABELS)["ece"]


def biased(bias, **options):
    """Predictions whose logits are wrong by a bias."""
    logits = [np.log(item.probabilities) + np.array(bias) for item in predictions_at(2.0, **options)]
    shares = [np.exp(row) / np.exp(row).sum() for row in logits]
    return [
        dataclasses.replace(item, probabilities=tuple(row), predicted=LABELS[int(row.argmax())])
        for item, row in zip(predictions_at(2.0, **options), shares, strict=True)
    ]


def test_a_bias_is_found_and_removed():
    before = biased((2.0, 0.0, -1.0))
    scaling, calibrated = scale_folds(before, LABELS, with_bias=True)
    assert scaling.temperature == pytest.approx(2, rel=0.1)
    np.testing.assert_allclose(scaling.bias, -(np.array([2.0, 0.0, -1.0]) - 1 / 3) / 2, atol=0.15)

    def accuracy(found):
        return np.mean([item.predicted == item.label for item in found])

    assert accuracy(calibrated) > accuracy(before) + 0.03
    assert calibration(calibrated, LABELS)["ece"] < 0.03
    _, without = scale_folds(before, LABELS)
    assert accuracy(without) == accuracy(before)


def test_each_corpus_has_the_same_weight():
    def of(corpus, found):
        return [dataclasses.replace(item, speaker=f"{corpus}:{item.speaker}") for item in found]

    small, large = of("small", predictions_at(1.0, count=300)), of("large", predictions_at(3.0, count=3000))
    both = fit_scaling([*small, *large], LABELS).temperature
    many = fit_scaling([*small * 10, *large], LABELS).temperature
    assert both == pytest.approx(many, rel=1e-3)
