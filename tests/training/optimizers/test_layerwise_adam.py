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


def test_layerwise_adam_with_scales_of_one_equals_adam():
    for found, expected in zip(
        trained(grouped((1.0, 1.0))), trained(lambda _: keras.optimizers.Adam(0.01)), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-7)


def test_layerwise_adam_scales_rate_of_each_group():
    below, above, rest = moved(trained(grouped((0.0, 0.5)), steps=1))
    assert below == 0.0
    assert (above, rest) == (pytest.approx(0.005, rel=1e-3), pytest.approx(0.01, rel=1e-3))


def test_scales_changed_between_steps_take_effect():
    def release(optimizer):
        optimizer.scales = [1.0, 1.0]

    below, _, _ = moved(trained(grouped((0.0, 1.0)), steps=2, between=release))
    assert 0.005 < below <= 0.011


def test_layerwise_adam_scales_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 1, 0.5)
    below, _, rest = moved(trained(grouped((0.5, 1.0), schedule), steps=1))
    assert (below, rest) == (pytest.approx(0.01, rel=1e-3), pytest.approx(0.02, rel=1e-3))


def test_scales_property_returns_scale_of_each_group():
    optimizer = grouped((0.5, 0.25))(network())
    assert optimizer.scales == [0.5, 0.25]
