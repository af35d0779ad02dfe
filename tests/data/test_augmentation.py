import math
import sys
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FeatureConfig
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


def test_augmentation_without_settings_returns_none():
    assert augment_fn() is None
    assert augment_fn(freq_mask=5, masks=0) is None


def test_augmentation_masks_set_values_to_mean_and_keep_the_rest():
    augmented, before = np.asarray(augment_fn(freq_mask=20, time_mask=20, masks=2)(mel())), mel()
    hidden = np.isclose(augmented, np.broadcast_to(MEAN, augmented.shape), atol=1e-5) & ~np.isclose(
        augmented, before, atol=1e-5
    )
    np.testing.assert_allclose(augmented[~hidden], before[~hidden], atol=1e-5)
    assert 0.02 < hidden.mean() < 0.95
    assert augmented.shape == before.shape


def test_random_filter_adds_one_curve_to_all_frames_and_keeps_the_mean_level():
    filtered, before = np.asarray(augment_fn(filter_db=6.0)(mel())), mel()
    curve = filtered - before
    np.testing.assert_allclose(curve, np.broadcast_to(curve[:1], curve.shape), atol=1e-4)
    assert abs(curve[0].mean()) < 1e-4
    assert 0.1 < np.abs(curve).max() < 2 * 6.0 * math.log(10) / 10
    assert np.abs(np.diff(curve[0], n=2)).max() < 0.3  # no jump between neighbouring bands
    again = np.asarray(augment_fn(filter_db=6.0)(mel())) - before
    assert np.abs(again - curve).max() > 0.05


def test_random_pauses_surround_half_of_the_utterances_and_leave_speech_as_it_is():
    pauses, before = augment_fn(pause_s=0.5), mel()
    starts, ends = [], []
    for _ in range(40):
        found = np.asarray(pauses(before))
        (start,) = (
            place
            for place in range(len(found) - FRAMES + 1)
            if np.allclose(found[place : place + FRAMES], before, atol=1e-5)
        )
        starts.append(start)
        ends.append(len(found) - FRAMES - start)
        loudness = np.log(np.exp(found).sum(axis=1))
        assert np.delete(loudness, slice(start, start + FRAMES)).max(initial=-99) < loudness.max() - 1
    for counts in (starts, ends):
        assert 8 < sum(count > 0 for count in counts) < 32
        assert 10 < max(counts) <= 50
    assert starts != ends


def test_a_pause_before_speech_is_loud_at_a_running_level():
    features = FeatureConfig(level="running", floor=1e-4)
    pauses = augmentation(AugmentationSettings(pause_s=1.0), features, MEAN)
    quiet = np.full((FRAMES, FEATURES.mels), -8.0, np.float32)
    loudness = [np.log(np.exp(np.asarray(pauses(quiet))).sum(axis=1)) for _ in range(20)]
    lead = [one[0] for one in loudness if abs(one[0] - (-8 + math.log(FEATURES.mels))) > 0.5]
    assert lead
    assert np.mean(lead) == pytest.approx(0.2, abs=0.5)  # the power of an active frame is 1
    assert all(one[-1] < 0 for one in loudness)


def test_random_band_leaves_out_the_highest_bands_of_its_share_and_for_some_the_lowest():
    features = FeatureConfig(level="running", floor=1e-4)
    limit = augmentation(AugmentationSettings(band_share=0.5), features, MEAN)
    speech = np.random.default_rng(0).normal(-2.0, 1.0, size=(FRAMES, FEATURES.mels)).astype(np.float32)
    changed = [found for found in (np.asarray(limit(speech)) for _ in range(60)) if not np.array_equal(found, speech)]
    assert 15 < len(changed) < 45
    lowest = 0
    for found in changed:
        differences = (found - speech).mean(axis=0)
        assert differences[-1] < -3
        assert 0 < np.median(differences[10:40]) < 2  # the level is that of what is left
        assert np.log(np.exp(found).sum()) == pytest.approx(np.log(np.exp(speech).sum()), abs=0.1)
        lowest += differences[0] < -3
    assert len(changed) / 5 < lowest < len(changed)


def test_random_band_keeps_the_remaining_bands_of_recorded_levels():
    found = np.asarray(augment_fn(band_share=1.0)(mel()))
    np.testing.assert_allclose(found[:, 15:40], mel()[:, 15:40], atol=1e-5)
    assert (found[:, -1] < mel()[:, -1] - 6).all()


def test_random_filter_does_not_go_below_the_floor():
    floor = math.log(FEATURES.floor)
    silence = np.full((5, FEATURES.mels), floor, np.float32)
    assert np.asarray(augment_fn(filter_db=12.0)(silence)).min() >= floor - 1e-4


def test_augmentation_masks_restart_with_the_global_seed():
    masked = augment_fn(freq_mask=20, time_mask=20)
    results = []
    for seed in (5, 5, 6):
        tf.random.set_seed(seed)
        results.append([np.asarray(masked(mel())) for _ in range(2)])
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    # Stateful: without a new global seed, as in a resumed run, the second call draws other masks.
    assert not np.array_equal(results[0][0], results[0][1])


def test_augmentation_draws_new_masks_at_each_call():
    masked = augment_fn(freq_mask=20)
    assert not np.array_equal(masked(mel()), masked(mel()))


@pytest.mark.parametrize("frames", [1, 2])
def test_augmentation_with_masks_wider_than_utterance_keeps_shape(frames):
    augmented = augment_fn(freq_mask=500, time_mask=500)(mel()[:frames])
    assert augmented.shape == (frames, FEATURES.mels)


def test_augmentation_level_shifts_all_values_equally_within_limits():
    shifts = []
    for _ in range(50):
        difference = np.asarray(augment_fn(level_db=6.0)(mel())) - mel()
        assert np.ptp(difference) < 1e-5
        shifts.append(difference.mean())
    assert max(np.abs(shifts)) <= 6 * math.log(10) / 10
    assert min(shifts) < -0.5 < 0.5 < max(shifts)


def test_at_speed_of_one_returns_input():
    np.testing.assert_allclose(at_speed(mel(), tf.constant(1.0), FEATURES), mel(), atol=2e-4)


@pytest.mark.parametrize("rate", [0.8, 0.9, 1.1, 1.25])
def test_at_speed_matches_log_mel_of_faster_sound(rate):
    """The pitch of the test tone rises linearly; at `rate`, start and slope change too."""
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


def test_augmentation_speed_changes_length_within_limits():
    lengths = [len(augment_fn(speed=0.2)(mel())) for _ in range(30)]
    assert FRAMES / 1.2 - 1 <= min(lengths) < FRAMES < max(lengths) <= FRAMES / 0.8 + 1


def test_augmentation_speed_keeps_at_least_one_frame():
    assert len(augment_fn(speed=0.5)(mel()[:1])) >= 1


def test_augmentation_in_graph_accepts_any_length():
    graph = tf.function(
        augment_fn(speed=0.1, level_db=3.0, freq_mask=8, time_mask=8),
        input_signature=[tf.TensorSpec([None, FEATURES.mels], tf.float32)],
    )
    assert not np.array_equal(graph(mel()), graph(mel()))


def test_augmentation_rejects_invalid_speed():
    with pytest.raises(InputError, match="augmentation"):
        augment_fn(speed=1.0)


def hidden_share(augment, axis):
    """Return the mean share of bands (axis 1) or frames (axis 0) that a mask covers, over 300 draws."""
    shares = []
    for _ in range(300):
        hidden = np.asarray(augment(np.full((FRAMES, FEATURES.mels), 9.0, np.float32))) != 9.0
        shares.append(hidden.any(axis=1 - axis).mean() if hidden.any() else 0.0)
    return np.mean(shares)


@pytest.mark.parametrize(("setting", "axis"), [("freq_mask", 1), ("time_mask", 0)])
def test_augmentation_masks_cover_same_share_as_tensorflow_io(setting, axis):
    tfio = pytest.importorskip("tensorflow_io", reason="tensorflow-io has no build for this Python")
    reference = getattr(tfio.audio, setting)
    tf.random.set_seed(0)
    expected = hidden_share(lambda mel: reference(tf.constant(mel), 12), axis)
    found = hidden_share(augment_fn(**{setting: 12}), axis)
    assert found == pytest.approx(expected, rel=0.15)
    assert hidden_share(augment_fn(**{setting: 24}), axis) > 1.5 * expected


def test_augmentation_masks_work_without_tensorflow_io(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_io", None)
    assert not np.array_equal(augment_fn(freq_mask=8)(mel()), mel())


class TestInputMasking:
    MEAN = np.array([1.0, 2.0, 3.0, 4.0], np.float32)

    def corruption_fn(self, mel, seed=(3, 0), **settings):
        masking = input_masking(**{"freq_mask": 0, "time_mask": 0, "masks": 1, **settings}, mean=self.MEAN)
        return masking(tf.constant(mel), tf.constant(seed, tf.int64)).numpy()

    @pytest.mark.parametrize("axis", [1, 2])
    def test_input_masking_sets_one_span_below_limit_to_mean(self, axis):
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

    SETTINGS: ClassVar = {"time_mask": 9, "freq_mask": 3, "masks": 2}

    @pytest.mark.parametrize("global_seed", [0, 1])
    def test_input_masking_same_seed_gives_same_masks(self, global_seed):
        mel = np.zeros((8, 30, 4), np.float32)
        first = self.corruption_fn(mel, **self.SETTINGS)
        tf.random.set_seed(global_seed)
        tf.random.uniform(())  # the state of the global stream has no effect
        np.testing.assert_array_equal(self.corruption_fn(mel, **self.SETTINGS), first)

    @pytest.mark.parametrize("seed", [(4, 0), (3, 1024)])
    def test_input_masking_another_seed_gives_other_masks(self, seed):
        mel = np.zeros((8, 30, 4), np.float32)
        first = self.corruption_fn(mel, **self.SETTINGS)
        assert (self.corruption_fn(mel, seed=seed, **self.SETTINGS) != first).any()

    def test_input_masking_never_masks_all_frames(self):
        found = self.corruption_fn(np.full((50, 3, 4), 9.0, np.float32), time_mask=100)
        assert (found == 9.0).any(axis=(1, 2)).all()

    @pytest.mark.parametrize("off", [{"masks": 0, "time_mask": 5}, {}])
    def test_input_masking_without_masks_returns_none(self, off):
        assert input_masking(**{"freq_mask": 0, "time_mask": 0, "masks": 1, **off}, mean=self.MEAN) is None

    def test_input_masking_rejects_negative_numbers(self):
        with pytest.raises(InputError, match="must not be negative"):
            input_masking(freq_mask=0, time_mask=-1, masks=1, mean=self.MEAN)
