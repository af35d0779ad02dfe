import keras
import numpy as np
import pytest

from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam

GRADIENTS = ([np.array([3.0, 0.0], np.float32), np.array([4.0], np.float32)], [np.zeros(2, np.float32)] * 2)


def variables():
    return [keras.Variable(np.zeros(size, np.float32)) for size in (2, 1)]


def test_mean_norm_averages_steps_since_last_call():
    optimizer, weights = GradientNormAdam(0.1), variables()
    optimizer.build(weights)
    optimizer.apply([keras.ops.convert_to_tensor(value) for value in GRADIENTS[0]])
    optimizer.apply([keras.ops.zeros(2), keras.ops.zeros(1)])
    assert optimizer.mean_norm() == pytest.approx(2.5)
    assert optimizer.mean_norm() == 0
    optimizer.apply([keras.ops.convert_to_tensor(value) for value in GRADIENTS[0]])
    assert optimizer.mean_norm() == pytest.approx(5.0)


@pytest.mark.parametrize("options", [{}, {"global_clipnorm": 0.5, "weight_decay": 0.1}])
def test_gradient_norm_adam_updates_weights_as_adam(options):
    found = []
    for kind in (GradientNormAdam, keras.optimizers.Adam):
        optimizer, weights = kind(0.1, **options), variables()
        for _ in range(3):
            optimizer.apply([keras.ops.convert_to_tensor(value) for value in GRADIENTS[0]], weights)
        found.append(np.concatenate([np.array(weight) for weight in weights]))
    np.testing.assert_array_equal(*found)
    assert found[0][0] != 0


def test_build_called_twice_adds_no_variables():
    optimizer, weights = GradientNormAdam(0.1), variables()
    optimizer.build(weights)
    count = len(optimizer.variables)
    optimizer.build(weights)
    assert len(optimizer.variables) == count


def test_mean_norm_is_measured_before_clipping():
    optimizer = GradientNormAdam(0.1, global_clipnorm=1.0)
    optimizer.apply([keras.ops.convert_to_tensor(value) for value in GRADIENTS[0]], variables())
    assert optimizer.mean_norm() == pytest.approx(5.0)
