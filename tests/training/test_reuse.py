import keras
import numpy as np
import pytest

from ser_fop.testing.arrays import normal
from ser_fop.training import reuse
from ser_fop.training.reuse import forget, get_or_compile

INPUTS, TARGETS = normal(8, 5), normal(8, 2, seed=1)


@pytest.fixture(autouse=True)
def empty():
    forget()
    yield
    forget()


def fresh(seed):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((5,)), keras.layers.Dense(6), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
    return keras.Sequential(layers)


def compile_network(network):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    network.compile(keras.optimizers.Adam(schedule), "mse", jit_compile=False)


def trained(network, steps=3):
    for _ in range(steps):
        network.train_on_batch(INPUTS, TARGETS)
    return [np.array(weight) for weight in network.weights]


def trained_without_cache(seed):
    """Return the weights after training with an empty cache."""
    forget()
    return trained(get_or_compile(fresh(seed), compile_network, key=seed))


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_cached_network_trains_bit_identically_to_a_new_one():
    expected = trained_without_cache(1)
    forget()
    first = get_or_compile(fresh(0), compile_network, key="same")
    trained(first, steps=5)
    second = get_or_compile(fresh(1), compile_network, key="same")
    assert second is first
    assert equal(trained(second), expected)


def test_cached_network_without_optimizer_reset_trains_differently(monkeypatch):
    expected = trained_without_cache(1)
    forget()
    monkeypatch.setattr(reuse, "_optimizer_variables", lambda network: [])
    trained(get_or_compile(fresh(0), compile_network, key="same"), steps=5)
    assert not equal(trained(get_or_compile(fresh(1), compile_network, key="same")), expected)


def test_get_or_compile_with_another_key_returns_another_network():
    first = get_or_compile(fresh(0), compile_network, size=1)
    assert get_or_compile(fresh(0), compile_network, size=2) is not first


def test_get_or_compile_traces_steps_once_per_key():
    calls = []

    class Counting(keras.layers.Layer):
        def call(self, inputs):
            calls.append(1)
            return inputs

    def build():
        return keras.Sequential([keras.Input((5,)), Counting(), keras.layers.Dense(2)])

    trained(get_or_compile(build(), compile_network, key="counted"))
    first_calls = len(calls)
    network = get_or_compile(build(), compile_network, key="counted")
    built = len(calls)
    trained(network)
    assert len(calls) == built < 3 * first_calls


def test_get_or_compile_drops_oldest_networks(monkeypatch):
    monkeypatch.setattr(reuse, "_MOST_KEPT", 2)
    networks = [get_or_compile(fresh(0), compile_network, number=number) for number in range(3)]
    assert get_or_compile(fresh(0), compile_network, number=2) is networks[2]
    assert get_or_compile(fresh(0), compile_network, number=0) is not networks[0]


def test_get_or_compile_accepts_network_without_optimizer():
    first = get_or_compile(fresh(0), lambda network: network.compile(jit_compile=False), key="predict")
    second = get_or_compile(fresh(1), lambda network: network.compile(jit_compile=False), key="predict")
    assert second is first
    np.testing.assert_array_equal(second.predict_on_batch(INPUTS), fresh(1).predict_on_batch(INPUTS))
