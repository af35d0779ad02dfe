import numpy as np
import pytest

from benchmarks import front_ends
from benchmarks.fake_speech import voiced_minute
from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import log_mel


@pytest.mark.parametrize(
    ("library", "front_end", "tolerance"),
    [
        # Its filters are linear in hertz. The compilation of its code takes long.
        pytest.param("librosa", front_ends.librosa_front_end, 0.05, marks=pytest.mark.slow),
        ("torch", front_ends.torch_front_end, 0.05),
        ("kaldi_native_fbank", front_ends.kaldi_front_end, 1e-3),
    ],
)
def test_front_end_matches_our_log_mels(library, front_end, tolerance):
    pytest.importorskip(library)
    samples = voiced_minute()[8000 : 8000 + 12345]
    found, ours = front_end()(samples), log_mel(samples, FeatureConfig(remove_below_hz=0.0)).numpy()
    assert found.shape == ours.shape
    assert np.abs(found - ours).max() < tolerance
