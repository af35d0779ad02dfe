import keras
import pytest

from ser_fop.config.settings import ClassifierSettings, ModelConfig
from ser_fop.training.throughput import measure_rates


@pytest.mark.parametrize("computing", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
def test_measure_rates_returns_rates_of_both_networks(computing):
    sizes = ModelConfig(d_model=8, heads=2, feed_forward=8), ClassifierSettings(lstm_units=4)
    rates = measure_rates(*sizes, mels=4, frames=16, batch_size=2, computing=computing)
    assert set(rates) == {"transformer", "lstm"}
    assert all(10 < rate < 1e8 for rate in rates.values())
    assert keras.config.dtype_policy().name == "float32"
