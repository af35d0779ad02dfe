import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.training.setup import jit_compile, learning_rate, precision, seed_everything

BATCHES = tf.data.Dataset.range(7)


class TestLearningRate:
    def test_constant(self):
        assert learning_rate(0.01, schedule="constant", epochs=5, batches=BATCHES) == 0.01

    def test_cosine_falls_to_zero_over_all_steps(self):
        rate = learning_rate(0.01, schedule="cosine", epochs=5, batches=BATCHES)
        found = [float(rate(step)) for step in range(36)]
        expected = [0.005 * (1 + np.cos(np.pi * step / 35)) for step in range(36)]
        np.testing.assert_allclose(found, expected, atol=1e-8)

    def test_a_control_without_epochs_needs_no_schedule(self):
        assert learning_rate(0.01, schedule="cosine", epochs=0, batches=BATCHES) == 0.01

    def test_accumulated_batches_are_one_step_and_warm_up_leaves_one_to_fall(self):
        rate = learning_rate(0.01, schedule="cosine", epochs=5, batches=BATCHES, accumulate=5)
        np.testing.assert_allclose([float(rate(step)) for step in (0, 7)], [0.01, 0], atol=1e-8)
        short = learning_rate(0.01, schedule="cosine", epochs=1, batches=BATCHES, warmup_share=0.9, accumulate=3)
        np.testing.assert_allclose([float(short(step)) for step in (0, 1, 2)], [0, 0.01, 0], atol=1e-8)

    def test_adam_takes_both(self):
        for schedule in ("constant", "cosine"):
            adam = keras.optimizers.Adam(learning_rate(0.01, schedule=schedule, epochs=2, batches=BATCHES))
            assert float(adam.learning_rate) == pytest.approx(0.01)


class TestSeed:
    def draws(self, seed):
        seed_everything(seed, deterministic=False)
        return np.random.rand(3).tolist(), np.asarray(keras.random.normal((3,))).tolist()

    def test_decides_numpy_and_keras(self):
        first, second, other = self.draws(3), self.draws(3), self.draws(4)
        assert first == second
        assert first[0] != other[0]
        assert first[1] != other[1]

    def test_names_of_layers_start_anew(self):
        seed_everything(0, deterministic=False)
        first = keras.layers.Dense(1).name
        seed_everything(0, deterministic=False)
        assert keras.layers.Dense(1).name == first

    def test_a_negative_one_is_refused(self):
        with pytest.raises(InputError, match="--seed expected a non-negative number, received -1"):
            seed_everything(-1, deterministic=False)


def test_jit_compile_is_off_on_the_processor():
    expected = False if not tf.config.list_physical_devices("GPU") else "auto"
    assert jit_compile() == (expected if keras.backend.backend() == "tensorflow" else "auto")


class TestPrecision:
    def test_holds_for_what_is_built_inside_and_no_longer(self):
        with precision("bfloat16"):
            inside = keras.layers.Dense(2)
        outside = keras.layers.Dense(2)
        assert (inside.compute_dtype, inside.variable_dtype) == ("bfloat16", "float32")
        assert (outside.compute_dtype, outside.variable_dtype) == ("float32", "float32")

    def test_is_taken_back_after_an_error(self):
        with pytest.raises(KeyError), precision("bfloat16"):
            raise KeyError
        assert keras.config.dtype_policy().name == "float32"
