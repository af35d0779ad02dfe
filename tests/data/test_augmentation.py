import math
import sys

import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import AugmentationSettings, FeatureConfig
from ser_fop.data.augmentation import at_speed, augmentation, input_masking
from ser_fop.data.features import log_mel
from ser_fop.errors import InputError

FEATURES = FeatureConfig()
MEAN = np.linspace(-6, -4, FEATURES.mels).astype(np.float32)
FRAMES = 60


@pytest.fixture(autouse=True)
def seeded():
    tf.keras.utils.set_random_seed(0)


def mel():
    return MEAN + np.random.default_rng(0).normal(size=(FRAMES, FEATURES.mels)).astype(np.float32)


def augment_fn(**changes):
    return augmentation(AugmentationSettings(**changes), FEATURES, MEAN)


def test_off_by_default():
    assert augment_fn() is None
    assert augment_fn(freq_mask=5, masks=0) is None


def test_masks_hide_behind_the_mean_and_leave_the_rest():
    varied, before = np.asarray(augment_fn(freq_mask=20, time_mask=20, masks=2)(mel())), mel()
    hidden = np.isclose(varied, np.broadcast_to(MEAN, varied.shape), atol=1e-5) & ~np.isclose(varied, before, atol=1e-5)
    np.testing.assert_allclose(varied[~hidden], before[~hidden], atol=1e-5)
    assert 0.02 < hidden.mean() < 0.95
    assert varied.shape == before.shape


def test_each_call_hides_something_else():
    masked = augment_fn(freq_mask=20)
    assert not np.array_equal(masked(mel()), masked(mel()))


@pytest.mark.parametrize("frames", [1, 2])
def test_masks_wider_than_the_utterance(frames):
    varied = augment_fn(freq_mask=500, time_mask=500)(mel()[:frames])
    assert varied.shape == (frames, FEATURES.mels)


def test_level_moves_every_value_alike_and_within_bounds():
    shifts = []
    for _ in range(50):
        difference = np.asarray(augment_fn(level_db=6.0)(mel())) - mel()
        assert np.ptp(difference) < 1e-5
        shifts.append(difference.mean())
    assert max(np.abs(shifts)) <= 6 * math.log(10) / 10
    assert min(shifts) < -0.5 < 0.5 < max(shifts)


def test_speed_of_one_changes_nothing():
    np.testing.assert_allclose(at_speed(mel(), tf.constant(1.0), FEATURES), mel(), atol=2e-4)


@pytest.mark.parametrize("rate", [0.8, 0.9, 1.1, 1.25])
def test_speed_is_that_of_the_sound(rate):
    """A glide played `rate` times as fast rises as much faster and stands as much higher."""
    seconds = np.arange(int(2.0 / rate * FEATURES.sample_rate_hz)) / FEATURES.sample_rate_hz

    def glide(times):
        return np.sin(2 * np.pi * (400 * times + 300 * times**2)).astype(np.float32)

    before = log_mel(glide(np.arange(2 * FEATURES.sample_rate_hz) / FEATURES.sample_rate_hz), FEATURES)
    expected = np.asarray(log_mel(glide(rate * seconds), FEATURES))
    found = np.asarray(at_speed(before, tf.constant(rate), FEATURES))
    assert abs(len(found) - len(expected)) <= 3
    length = min(len(found), len(expected), len(before))
    loudest = np.abs(found[:length].argmax(axis=1) - expected[:length].argmax(axis=1))
    assert np.quantile(loudest, 0.95) <= 1
    unchanged = np.abs(np.asarray(before)[:length].argmax(axis=1) - expected[:length].argmax(axis=1))
    assert unchanged.max() > 2


def test_speed_changes_the_length_within_bounds():
    lengths = [len(augment_fn(speed=0.2)(mel())) for _ in range(30)]
    assert FRAMES / 1.2 - 1 <= min(lengths) < FRAMES < max(lengths) <= FRAMES / 0.8 + 1


def test_one_frame_stays_one():
    assert len(augment_fn(speed=0.5)(mel()[:1])) >= 1


def test_in_a_graph_of_any_length():
    graph = tf.function(
        augment_fn(speed=0.1, level_db=3.0, freq_mask=8, time_mask=8),
        input_signature=[tf.TensorSpec([None, FEATURES.mels], tf.float32)],
    )
    assert not np.array_equal(graph(mel()), graph(mel()))


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="augmentation"):
        augment_fn(speed=1.0)


def hidden_share(vary, axis):
    """Return how large a share of bands (1) or frames (0) a mask hides, over many draws."""
    shares = []
    for _ in range(300):
        hidden = np.asarray(vary(np.full((FRAMES, FEATURES.mels), 9.0, np.float32))) != 9.0
        shares.append(hidden.any(axis=1 - axis).mean() if hidden.any() else 0.0)
    return np.mean(shares)


@pytest.mark.parametrize(("setting", "axis"), [("freq_mask", 1), ("time_mask", 0)])
def test_masks_hide_as_much_as_those_of_tensorflow_io(setting, axis):
    tfio = pytest.importorskip("tensorflow_io", reason="tensorflow-io has no build for this Python")
    theirs = getattr(tfio.audio, setting)
    tf.random.set_seed(0)
    expected = hidden_share(lambda mel: theirs(tf.constant(mel), 12), axis)
    found = hidden_share(augment_fn(**{setting: 12}), axis)
    assert found == pytest.approx(expected, rel=0.15)
    assert hidden_share(augment_fn(**{setting: 24}), axis) > 1.5 * expected


def test_masks_need_no_tensorflow_io(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    assert not np.array_equal(augment_fn(freq_mask=8)(mel()), mel())


class TestInputMasking:
    MEAN = np.array([1.0, 2.0, 3.0, 4.0], np.float32)

    def corruption_fn(self, mel, seed=(3, 0), **settings):
        masking = input_masking(**{"freq_mask": 0, "time_mask": 0, "masks": 1, **settings}, mean=self.MEAN)
        return masking(tf.constant(mel), tf.constant(seed, tf.int64)).numpy()

    @pytest.mark.parametrize("axis", [1, 2])
    def test_spans_shorter_than_the_limit_stand_behind_the_mean(self, axis):
        mel = np.full((200, 30, 4), 9.0, np.float32)
        found = self.corruption_fn(mel, **{"time_mask" if axis == 1 else "freq_mask": 4})
        hidden = found != 9.0
        np.testing.assert_array_equal(found[hidden], np.broadcast_to(self.MEAN, mel.shape)[hidden])
        lines = hidden.any(axis=3 - axis)  # (utterances, frames or bands)
        assert (hidden.all(axis=3 - axis) == lines).all()  # whole frames, whole bands
        widths = lines.sum(axis=1)
        assert set(widths.tolist()) == {0, 1, 2, 3}
        edges = np.abs(np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1)
        assert set(edges.tolist()) <= {0, 2}  # one span
        assert lines[:, 0].any()
        assert lines[:, -1].any()

    def test_follows_the_seed_alone(self):
        mel = np.zeros((8, 30, 4), np.float32)
        both = {"time_mask": 9, "freq_mask": 3, "masks": 2}
        np.testing.assert_array_equal(self.corruption_fn(mel, **both), self.corruption_fn(mel, **both))
        assert (self.corruption_fn(mel, **both) != self.corruption_fn(mel, seed=(4, 0), **both)).any()
        assert (self.corruption_fn(mel, **both) != self.corruption_fn(mel, seed=(3, 1024), **both)).any()

    def test_a_mask_is_never_longer_than_what_it_hides(self):
        found = self.corruption_fn(np.full((50, 3, 4), 9.0, np.float32), time_mask=100)
        assert (found == 9.0).any(axis=(1, 2)).all()

    @pytest.mark.parametrize("off", [{"masks": 0, "time_mask": 5}, {}])
    def test_off(self, off):
        assert input_masking(**{"freq_mask": 0, "time_mask": 0, "masks": 1, **off}, mean=self.MEAN) is None

    def test_negative_numbers_are_refused(self):
        with pytest.raises(InputError, match="must not be negative"):
            input_masking(freq_mask=0, time_mask=-1, masks=1, mean=self.MEAN)
