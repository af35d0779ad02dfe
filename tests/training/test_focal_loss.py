import keras
import numpy as np
import pytest

from ser_fop.training.focal_loss import FocalLoss

LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]], np.float32)
CLASSES = np.array([0, 2])


def test_focal_loss_with_gamma_zero_equals_cross_entropy():
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(CLASSES, LOGITS)
    assert float(FocalLoss(0.0)(CLASSES, LOGITS)) == pytest.approx(float(expected), rel=1e-5)


def test_focal_loss_follows_equation_4():
    probability = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    true = probability[np.arange(2), CLASSES]
    expected = (-((1 - true) ** 2) * np.log(true)).mean()
    assert float(FocalLoss(2.0)(CLASSES, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_focal_loss_gives_well_recognised_utterances_less_weight():
    sure, unsure = np.array([[4.0, 0.0]], np.float32), np.array([[0.0, 0.0]], np.float32)
    ratio = [float(FocalLoss(gamma)([0], sure)) / float(FocalLoss(gamma)([0], unsure)) for gamma in (0.0, 2.0)]
    assert ratio[1] < 0.01 * ratio[0]


def test_focal_loss_handles_extreme_logits_and_sample_weights():
    extreme = np.array([[100.0, -100.0], [100.0, -100.0]], np.float32)
    assert float(FocalLoss()([0, 1], extreme)) == pytest.approx(100.0)
    assert float(FocalLoss()([0, 1], extreme, sample_weight=[1.0, 0.0])) == pytest.approx(0.0)


def test_focal_loss_round_trip_through_config_keeps_gamma():
    assert keras.losses.deserialize(keras.losses.serialize(FocalLoss(1.5))).gamma == 1.5
