import keras
import numpy as np
import pytest

from ser_fop.training.optimizers.layerwise_adam import LayerwiseAdam

DATA = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)


def network():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, name="below"), keras.layers.Dense(2, name="above"), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((3,)), *layers])


def trained(optimizer_of, *, steps=3, between=lambda optimizer: None):
    model = network()
    model.compile(optimizer_of(model), "mse")
    for _ in range(steps):
        model.train_on_batch(DATA, DATA[:, :1])
        between(model.optimizer)
    return [layer.kernel.numpy() for layer in model.layers]


def moved(kernels):
    return [
        float(np.abs(one - layer.kernel.numpy()).max()) for one, layer in zip(kernels, network().layers, strict=True)
    ]


def grouped(scales, rate=0.01):
    return lambda model: LayerwiseAdam([layer.trainable_weights for layer in model.layers[:2]], scales, rate)


def test_scales_of_one_are_adam():
    for found, expected in zip(
        trained(grouped((1.0, 1.0))), trained(lambda _: keras.optimizers.Adam(0.01)), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-7)


def test_each_group_learns_at_its_rate():
    below, above, rest = moved(trained(grouped((0.0, 0.5)), steps=1))
    assert below == 0.0
    assert (above, rest) == (pytest.approx(0.005, rel=1e-3), pytest.approx(0.01, rel=1e-3))


def test_scales_can_change_without_another_trace():
    def release(optimizer):
        optimizer.scales = [1.0, 1.0]

    below, _, _ = moved(trained(grouped((0.0, 1.0)), steps=2, between=release))
    assert 0.005 < below <= 0.011


def test_a_schedule_is_scaled_too():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 1, 0.5)
    below, _, rest = moved(trained(grouped((0.5, 1.0), schedule), steps=1))
    assert (below, rest) == (pytest.approx(0.01, rel=1e-3), pytest.approx(0.02, rel=1e-3))


def test_scales_are_read_back():
    optimizer = grouped((0.5, 0.25))(network())
    assert optimizer.scales == [0.5, 0.25]
