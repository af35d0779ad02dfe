import keras
import numpy as np
import pytest

from ser_fop.training.focal_loss import FocalLoss

LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0]], np.float32)
CLASSES = np.array([0, 2])


def test_gamma_zero_is_cross_entropy():
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(CLASSES, LOGITS)
    assert float(FocalLoss(0.0)(CLASSES, LOGITS)) == pytest.approx(float(expected), rel=1e-5)


def test_value_is_the_papers():
    probability = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    true = probability[np.arange(2), CLASSES]
    expected = (-((1 - true) ** 2) * np.log(true)).mean()
    assert float(FocalLoss(2.0)(CLASSES, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_what_is_recognised_counts_less():
    sure, unsure = np.array([[4.0, 0.0]], np.float32), np.array([[0.0, 0.0]], np.float32)
    share = [float(FocalLoss(gamma)([0], sure)) / float(FocalLoss(gamma)([0], unsure)) for gamma in (0.0, 2.0)]
    assert share[1] < 0.01 * share[0]


def test_weights_and_extreme_logits():
    extreme = np.array([[100.0, -100.0], [100.0, -100.0]], np.float32)
    assert float(FocalLoss()([0, 1], extreme)) == pytest.approx(100.0)
    assert float(FocalLoss()([0, 1], extreme, sample_weight=[1.0, 0.0])) == pytest.approx(0.0)


def test_round_trip():
    assert keras.losses.deserialize(keras.losses.serialize(FocalLoss(1.5))).gamma == 1.5
