import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FinetuningSettings, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.training.setup import jit_compile, learning_rate, precision, seed_everything

BATCHES = tf.data.Dataset.range(7)


class TestLearningRate:
    def test_learning_rate_constant_returns_rate(self):
        assert learning_rate(0.01, PretrainingSettings(schedule="constant", epochs=5), BATCHES) == 0.01

    def test_learning_rate_cosine_decays_to_zero_over_all_steps(self):
        rate = learning_rate(0.01, FinetuningSettings(schedule="cosine", epochs=5), BATCHES)
        found = [float(rate(step)) for step in range(36)]
        expected = [0.005 * (1 + np.cos(np.pi * step / 35)) for step in range(36)]
        np.testing.assert_allclose(found, expected, atol=1e-8)

    def test_learning_rate_with_zero_epochs_returns_rate(self):
        assert learning_rate(0.01, PretrainingSettings(schedule="cosine", epochs=0), BATCHES) == 0.01

    def test_learning_rate_counts_accumulated_steps_and_warmup(self):
        settings = PretrainingSettings(schedule="cosine", epochs=5, accumulate=5)
        rate = learning_rate(0.01, settings, BATCHES)
        np.testing.assert_allclose([float(rate(step)) for step in (0, 7)], [0.01, 0], atol=1e-8)
        settings = PretrainingSettings(schedule="cosine", epochs=1, warmup_share=0.9, accumulate=3)
        short = learning_rate(0.01, settings, BATCHES)
        np.testing.assert_allclose([float(short(step)) for step in (0, 1, 2)], [0, 0.01, 0], atol=1e-8)

    def test_adam_accepts_rate_and_schedule(self):
        for schedule in ("constant", "cosine"):
            settings = PretrainingSettings(schedule=schedule, epochs=2)
            adam = keras.optimizers.Adam(learning_rate(0.01, settings, BATCHES))
            assert float(adam.learning_rate) == pytest.approx(0.01)


class TestSeed:
    def draws(self, seed):
        seed_everything(seed, deterministic=False)
        return np.random.rand(3).tolist(), np.asarray(keras.random.normal((3,))).tolist()

    def test_seed_sets_numpy_and_keras(self):
        first, second, other = self.draws(3), self.draws(3), self.draws(4)
        assert first == second
        assert first[0] != other[0]
        assert first[1] != other[1]

    def test_seed_resets_layer_names(self):
        seed_everything(0, deterministic=False)
        first = keras.layers.Dense(1).name
        seed_everything(0, deterministic=False)
        assert keras.layers.Dense(1).name == first

    def test_negative_seed_is_rejected(self):
        with pytest.raises(InputError, match="--seed expected 0 or more, received -1"):
            seed_everything(-1, deterministic=False)


def test_jit_compile_is_off_on_cpu():
    expected = False if not tf.config.list_physical_devices("GPU") else "auto"
    assert jit_compile() == (expected if keras.backend.backend() == "tensorflow" else "auto")


class TestPrecision:
    def test_precision_applies_inside_the_context_only(self):
        with precision("bfloat16"):
            inside = keras.layers.Dense(2)
        outside = keras.layers.Dense(2)
        assert (inside.compute_dtype, inside.variable_dtype) == ("bfloat16", "float32")
        assert (outside.compute_dtype, outside.variable_dtype) == ("float32", "float32")

    def test_precision_is_reset_after_an_error(self):
        with pytest.raises(KeyError), precision("bfloat16"):
            raise KeyError
        assert keras.config.dtype_policy().name == "float32"
