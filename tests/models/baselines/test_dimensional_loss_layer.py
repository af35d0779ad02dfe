import numpy as np
import pytest

from ser_fop.models.baselines.dimensional_loss_layer import DimensionalLossLayer


def test_loss_is_mean_over_known_labels():
    layer = DimensionalLossLayer(2.0)
    true = np.array([[1.0, np.nan], [np.nan, np.nan], [0.0, 2.0]], np.float32)
    predicted = np.array([[0.0, 9.0], [9.0, 9.0], [0.0, 0.0]], np.float32)
    logits = np.ones((3, 4), np.float32)
    np.testing.assert_array_equal(layer(logits, predicted, true), logits)
    assert layer.losses == []  # epochs are compared by the task's loss only
    np.testing.assert_array_equal(layer(logits, predicted, true, training=True), logits)
    assert float(layer.losses[0]) == pytest.approx(2.0 * (1.0 + 0.0 + 4.0) / 3)
    assert DimensionalLossLayer.from_config(layer.get_config()).weight == 2.0


def test_unknown_labels_keep_gradient_finite():
    tf = pytest.importorskip("tensorflow")
    predicted = tf.Variable([[1.0, 1.0]])
    layer = DimensionalLossLayer()
    with tf.GradientTape() as tape:
        layer(tf.ones((1, 2)), predicted, tf.constant([[0.0, np.nan]]), training=True)
        loss = layer.losses[0]
    np.testing.assert_allclose(tape.gradient(loss, predicted), [[2.0, 0.0]])
