import keras
import numpy as np
import pytest
from keras import ops

from ser_fop.models.baselines.pairwise_contrastive_loss import PairwiseContrastiveLoss, contrast
from ser_fop.testing.arrays import normal


def test_loss_equals_manual_calculation():
    """Vectors at 0, 60 and 90 degrees have the distances 1, sqrt(2) and 2 sin(15 degrees)."""
    angles = np.radians([0.0, 60.0, 90.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1.0], [3.0], [0.5]]
    classes = np.array([0, 0, 1])
    near = 1.0**2
    far = [max(0.0, 1.5 - np.sqrt(2)) ** 2, (1.5 - 2 * np.sin(np.radians(15))) ** 2]
    found = contrast(vectors.astype(np.float32), classes, margin=1.5)
    assert float(found) == pytest.approx(0.5 * (near + np.mean(far)), rel=1e-5)


def test_loss_ignores_length_and_accepts_one_kind_of_pairs():
    vectors = normal(6, 4)
    classes = np.array([0, 1, 0, 1, 2, 2])
    assert float(contrast(vectors, classes, margin=1.0)) == pytest.approx(
        float(contrast(7 * vectors, classes, margin=1.0)), rel=1e-5
    )
    assert float(contrast(vectors, np.zeros(6, int), margin=1.0)) > 0
    assert float(contrast(vectors[:1], classes[:1], margin=1.0)) == 0
    apart = np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)
    assert float(contrast(apart, np.array([0, 1]), margin=1.0)) == 0


def test_gradient_of_equal_and_zero_vectors_is_finite():
    variable = keras.Variable(np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0], [2.0, 4.0]], np.float32))
    classes = np.array([0, 0, 1, 1])
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = contrast(variable.value, classes, margin=1.0)
        assert np.isfinite(tape.gradient(loss, variable.value)).all()


def test_training_separates_the_classes():
    keras.utils.set_random_seed(0)
    x, classes = normal(24, 8), np.arange(24) % 3
    inputs = {"x": keras.Input((8,)), "classes": keras.Input((), dtype="int32")}
    vectors = keras.layers.Dense(4)(inputs["x"])
    network = keras.Model(inputs, PairwiseContrastiveLoss(weight=2.0)(vectors, vectors, inputs["classes"]))
    network.compile(keras.optimizers.Adam(0.05))
    inputs_by_name = {"x": x, "classes": classes}

    def cost() -> float:
        return 2.0 * float(contrast(network.predict(inputs_by_name, verbose=0), classes, margin=1.0))

    before = cost()
    network.optimizer.build(network.trainable_variables)
    history = network.fit(inputs_by_name, batch_size=24, epochs=60, verbose=0).history
    assert history["loss"][0] == pytest.approx(before, rel=1e-3)
    assert cost() < 0.5 * before
    network(inputs_by_name)
    assert network.losses == []  # epochs are compared by the task's loss only


def test_layer_keeps_config_and_shape():
    layer = PairwiseContrastiveLoss(weight=0.3, margin=2.0, name="chosen")
    again = PairwiseContrastiveLoss.from_config(layer.get_config())
    assert (again.weight, again.margin, again.name) == (0.3, 2.0, "chosen")
    assert layer.compute_output_shape((None, 5), (None, 8), (None,)) == (None, 5)
    np.testing.assert_array_equal(layer(normal(3, 5), normal(3, 2), ops.arange(3)), normal(3, 5))
