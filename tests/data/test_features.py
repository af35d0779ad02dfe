import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_fop.config.frame_sizes import frame_count, frame_end_s, hop_length, window_length
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.sub_audible import sub_audible_basis
from ser_fop.data.features import check_features, frame_features, log_mel, mel_filters
from ser_fop.errors import InputError
from ser_fop.testing.arrays import normal

PAPER = FeatureConfig(remove_below_hz=0.0)
SMALL = FeatureConfig(sample_rate_hz=8000, fft_size=256, mels=8, high_hz=4000.0, remove_below_hz=0.0)


def of(front_end):
    return dataclasses.replace(SMALL, front_end=front_end, coefficients=6)


def noise(samples, seed=0):
    return 0.1 * normal(samples, seed=seed)


def numpy_reference(samples, config):
    """Return the log-mel, computed frame by frame with triangular filters on the HTK scale."""
    window, hop = window_length(config), hop_length(config)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    to_mel = lambda hz: 1127.0 * np.log1p(np.asarray(hz) / 700.0)  # noqa: E731
    edges = np.linspace(to_mel(config.low_hz), to_mel(config.high_hz), config.mels + 2)
    bins = to_mel(np.arange(config.fft_size // 2 + 1) * config.sample_rate_hz / config.fft_size)
    rows = []
    for start in range(0, len(samples) - window + 1, hop):
        power = np.abs(np.fft.rfft(samples[start : start + window].astype(np.float64) * hann, config.fft_size)) ** 2
        row = []
        for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
            triangle = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
            row.append(triangle[1:] @ power[1:])  # the bin at 0 Hz belongs to no band
        rows.append(np.log(np.maximum(row, config.floor)))
    return np.array(rows)


@pytest.mark.parametrize("config", [PAPER, SMALL], ids=["paper", "small"])
def test_log_mel_equals_numpy_reference(config):
    samples = noise(3000)
    np.testing.assert_allclose(log_mel(samples, config), numpy_reference(samples, config), atol=2e-3)


def test_log_mel_of_glide_equals_stored_values():
    time_s = np.arange(1600) / 16000
    glide = sum(np.sin(2 * np.pi * 110 * harmonic * time_s * (1 + time_s)) / harmonic for harmonic in range(1, 65))
    mel = log_mel((glide / 4).astype(np.float32), PAPER).numpy()
    assert mel.shape == (8, 80)
    bands = [0, 4, 13, 30, 54, 79]
    np.testing.assert_allclose(mel[0, bands], [1.8549, 5.7574, 2.2013, 2.0598, 0.4701, -1.9317], atol=1e-3)
    np.testing.assert_allclose(mel[7, bands], [-0.1517, 5.9905, 3.9874, 2.1111, 0.6190, -0.3780], atol=1e-3)
    assert mel.mean() == pytest.approx(1.53374, abs=1e-3)


@pytest.mark.slow  # librosa compiles its functions on import
@pytest.mark.parametrize("config", [PAPER, SMALL], ids=["paper", "small"])
def test_mel_filters_match_librosa(config):
    # The sides of librosa's triangles are linear in hertz, those of these filters in mels.
    librosa = pytest.importorskip("librosa")
    expected = librosa.filters.mel(
        sr=config.sample_rate_hz,
        n_fft=config.fft_size,
        n_mels=config.mels,
        fmin=config.low_hz,
        fmax=config.high_hz,
        htk=True,
        norm=None,
    )
    filters = mel_filters(config).numpy()
    assert filters.shape == (config.fft_size // 2 + 1, config.mels)
    np.testing.assert_allclose(filters, expected.T, atol=0.005 if config is PAPER else 0.05)


def test_mel_filters_have_one_distinct_filter_per_band():
    filters = mel_filters(PAPER).numpy()
    assert (filters.max(axis=0) > 0.3).all()
    assert (np.diff(filters.argmax(axis=0)) >= 0).all()


@pytest.mark.parametrize("front_end", ["log_mel", "mfcc", "lpc", "lpcc"])
@pytest.mark.parametrize("cut", [200, 523, 1500])
def test_frame_features_are_causal(cut, front_end):
    samples = noise(3000)
    changed = np.concatenate([samples[:cut], noise(3000 - cut, seed=1)])
    config = of(front_end)
    before, after = frame_features(samples, config).numpy(), frame_features(changed, config).numpy()
    complete = frame_count(cut, SMALL)
    np.testing.assert_array_equal(after[:complete], before[:complete])
    assert (np.abs(after - before)[complete + 1 :].max(axis=1) > 1e-3).all()


def test_log_mel_of_louder_end_leaves_start_unchanged():
    """Counter-case: after division by the peak of the signal, all frames change."""
    samples = noise(3000)
    louder = np.concatenate([samples[:1500], 10 * samples[1500:]])
    complete = frame_count(1500, SMALL)
    np.testing.assert_array_equal(log_mel(louder, SMALL)[:complete], log_mel(samples, SMALL)[:complete])
    by_peak = [log_mel(part / np.abs(part).max(), SMALL)[:complete] for part in (louder, samples)]
    assert np.abs(by_peak[0] - by_peak[1]).min() > 1


@pytest.mark.parametrize("front_end", ["log_mel", "mfcc", "lpc", "lpcc"])
def test_frame_features_of_batch_equal_single_utterances(front_end):
    batch = np.stack([noise(1000), 100 * noise(1000, seed=1), np.zeros(1000, np.float32)])
    alone = [frame_features(row, of(front_end)).numpy() for row in batch]
    np.testing.assert_allclose(frame_features(batch, of(front_end)), np.stack(alone), atol=1e-4)


@pytest.mark.parametrize("front_end", ["mfcc", "lpc", "lpcc"])
def test_frame_features_have_declared_shape(front_end):
    config = of(front_end)
    assert frame_features(noise(1000), config).shape == (frame_count(1000, config), config.width)
    assert frame_features(noise(100), config).shape == (0, config.width)
    assert config.width == 6
    assert SMALL.width == SMALL.mels == 8


@pytest.mark.slow  # librosa compiles its functions on import
def test_mfcc_equals_librosa_of_same_log_mel():
    librosa = pytest.importorskip("librosa")
    config = dataclasses.replace(PAPER, front_end="mfcc", coefficients=20)
    mel = log_mel(noise(3000), PAPER).numpy()
    expected = librosa.feature.mfcc(S=mel.T, n_mfcc=20, dct_type=2, norm="ortho").T
    np.testing.assert_allclose(frame_features(noise(3000), config), expected, atol=1e-3)
    whole = dataclasses.replace(config, coefficients=80)
    # All coefficients together are the log-mel in another orthonormal basis.
    np.testing.assert_allclose(
        np.linalg.norm(frame_features(noise(3000), whole), axis=1), np.linalg.norm(mel, axis=1), rtol=1e-5
    )


def test_frame_features_of_louder_sound_change_first_value_only():
    for front_end, per_ln in (("mfcc", np.sqrt(8.0)), ("lpc", 1.0), ("lpcc", 1.0)):
        config = of(front_end)
        moved = frame_features(10 * noise(1000), config).numpy() - frame_features(noise(1000), config).numpy()
        np.testing.assert_allclose(moved[:, 0], per_ln * 2 * np.log(10), rtol=1e-3)
        np.testing.assert_allclose(moved[:, 1:], 0.0, atol=2e-3)


def test_log_mel_of_silence_equals_floor():
    mel = log_mel(np.zeros(1000, np.float32), SMALL).numpy()
    np.testing.assert_allclose(mel, np.log(1e-8), rtol=1e-6)
    assert np.isfinite(mel).all()
    higher = FeatureConfig(sample_rate_hz=8000, fft_size=256, mels=8, high_hz=4000.0, floor=1e-3)
    assert log_mel(noise(1000) * 1e-6, higher).numpy().max() == pytest.approx(np.log(1e-3))


def test_log_mel_of_tenfold_amplitude_adds_two_ln_ten():
    samples = noise(1000)
    np.testing.assert_allclose(log_mel(10 * samples, SMALL) - log_mel(samples, SMALL), 2 * np.log(10), atol=1e-3)


@given(samples=st.integers(0, 5000), window_ms=st.integers(1, 60), hop_ms=st.integers(1, 60))
def test_frame_count_equals_number_of_whole_windows(samples, window_ms, hop_ms):
    config = FeatureConfig(sample_rate_hz=8000, window_s=window_ms / 1000, hop_s=hop_ms / 1000)
    window, hop = window_length(config), hop_length(config)
    starts = range(0, samples, hop)
    assert frame_count(samples, config) == sum(start + window <= samples for start in starts)


@given(samples=st.integers(0, 50_000))
def test_frame_end_agrees_with_frame_count(samples):
    frames = frame_count(samples, PAPER)
    if frames:
        assert frame_end_s(frames - 1, PAPER) <= samples / 16000
    assert frame_end_s(frames, PAPER) > samples / 16000


@pytest.mark.parametrize("samples", [200, 279, 280, 1001])
def test_log_mel_has_frame_count_frames(samples):
    assert log_mel(noise(samples), SMALL).shape == (frame_count(samples, SMALL), 8)


def test_paper_features_have_expected_frame_sizes():
    assert (window_length(PAPER), hop_length(PAPER)) == (400, 160)
    assert frame_count(16000, PAPER) == 98
    assert frame_end_s(0, PAPER) == 0.025


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fft_size": 256}, "fft_size 256 is shorter than the window of 400 samples"),
        ({"high_hz": 8001.0}, "<= 8000"),
        ({"low_hz": 7600.0}, "low_hz < high_hz"),
        ({"low_hz": -1.0}, "0 <= low_hz"),
        ({"mels": 0}, "must be positive"),
        ({"hop_s": 0.0}, "must be positive"),
        ({"window_s": 0.0}, "must be positive"),
        ({"floor": 0.0}, "must be positive"),
        ({"front_end": "mfcc", "coefficients": 81}, "of mfcc expected 2 to 80, received 81"),
        ({"front_end": "lpc", "coefficients": 1}, "of lpc expected 2 to 400, received 1"),
    ],
)
def test_check_features_rejects_invalid_config(changes, message):
    with pytest.raises(InputError, match=message):
        check_features(FeatureConfig(**changes))


def test_check_features_returns_valid_config():
    assert check_features(PAPER) is PAPER


class TestRemoveBelow:
    """What lies below speech does not decide: `remove_below_hz` takes it out of each frame."""

    CLEAN = FeatureConfig()

    @staticmethod
    def speech():
        """Return harmonics of 120 Hz over noise at -60 dB."""
        time_s = np.arange(16000) / 16000
        tone = sum(np.sin(2 * np.pi * 120 * harmonic * time_s + harmonic) / harmonic for harmonic in range(1, 40))
        return (0.05 * tone + 1e-3 * normal(16000)).astype(np.float32)

    def change(self, added, config):
        """Return the largest change of a log-mel, in nats, that an added signal causes."""
        samples = self.speech()
        return np.abs(log_mel((samples + added).astype(np.float32), config) - log_mel(samples, config)).max()

    @pytest.mark.parametrize(
        ("added", "most"),
        [
            (0.002, 0.02),
            (0.01 * np.sin(2 * np.pi * 3 * np.arange(16000) / 16000), 0.1),
            (0.01 * np.sin(2 * np.pi * 50 * np.arange(16000) / 16000), 0.35),
            (0.01 * np.sin(2 * np.pi * 60 * np.arange(16000) / 16000), 0.6),
        ],
        ids=["offset", "drift", "hum of 50 Hz", "hum of 60 Hz"],
    )
    def test_signal_below_speech_hardly_changes_log_mels(self, added, most):
        assert self.change(added, self.CLEAN) < most
        assert self.change(added, PAPER) > max(0.3, 2 * most)  # without removal

    @pytest.mark.parametrize(("hz", "low_db", "high_db"), [(0, -300, -90), (50, -60, -55), (100, -6.5, -5.5)])
    def test_attenuation_is_as_documented(self, hz, low_db, high_db):
        basis = sub_audible_basis(400, sample_rate_hz=16000, below_hz=60.0).astype(np.float64)
        time_s = np.arange(400) / 16000
        window, worst_db = np.hanning(401)[:400], -np.inf
        for phase in np.linspace(0, np.pi, 8, endpoint=False):
            sound = np.cos(2 * np.pi * hz * time_s + phase)
            left = window * (sound - basis @ (basis.T @ sound))
            ratio = np.square(left).sum() / max(np.square(window * sound).sum(), 1e-9)
            worst_db = max(worst_db, 10 * np.log10(ratio + 1e-30))
        assert low_db < worst_db < high_db

    def test_speech_above_the_band_is_kept(self):
        for pitch_hz in (200, 400, 3000):
            samples = np.sin(2 * np.pi * pitch_hz * np.arange(16000) / 16000).astype(np.float32)
            loudest = np.argmax(log_mel(samples, PAPER).numpy().mean(axis=0))
            difference = (log_mel(samples, self.CLEAN) - log_mel(samples, PAPER)).numpy()[:, loudest]
            assert np.abs(difference).max() < 0.1

    def test_every_front_end_ignores_a_constant(self):
        samples = self.speech()
        for front_end in ("log_mel", "mfcc", "lpc", "lpcc"):
            config = dataclasses.replace(self.CLEAN, front_end=front_end)
            np.testing.assert_allclose(
                frame_features(samples + np.float32(0.002), config), frame_features(samples, config), atol=0.05
            )

    def test_frames_stay_causal_and_independent(self):
        samples = self.speech()
        whole = log_mel(samples, self.CLEAN).numpy()
        part = log_mel(samples[: 400 + 20 * 160], self.CLEAN).numpy()
        np.testing.assert_allclose(whole[: len(part)], part, atol=1e-4)

    @pytest.mark.parametrize("below_hz", [-1.0, 201.0])
    def test_frequency_out_of_range_is_refused(self, below_hz):
        with pytest.raises(InputError, match=r"remove_below_hz expected 0 to 200 for windows of 0\.025 s"):
            check_features(dataclasses.replace(PAPER, remove_below_hz=below_hz))


def test_check_features_rejects_speech_level_of_linear_prediction():
    check_features(FeatureConfig(front_end="mfcc", level="speech"))
    with pytest.raises(InputError, match="level `speech` expected the front end log_mel or mfcc"):
        check_features(FeatureConfig(front_end="lpc", level="speech"))
