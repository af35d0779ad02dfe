"""Data augmentation of log-mels (speed, pauses, equaliser, level, SpecAugment) and corruption of inputs in pretraining.

`augmentation` is for fine-tuning. It draws new random numbers at each call, from TensorFlow's global, stateful stream.
Under `--deterministic`, TensorFlow draws them in a fixed order. `input_masking` and `input_noise` are for pretraining.
They are stateless: the caller passes a seed.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ser_fop.config.augmentation_limits import check_augmentation
from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FeatureConfig
from ser_fop.errors import InputError

# Seeds reserved for each step of `compose`, so that no two steps draw the same random numbers.
_SEEDS_A_STEP = 256
_SEED_LIMIT = 2**30
_NATS_PER_DB = math.log(10) / 10  # of power
_CURVE_POINTS = 6
# Pauses: range of their spectrum, distance from the loudest frame, and deviation of a band from frame to frame in nats.
_PAUSE_CURVE_DB, _PAUSE_BELOW_DB, _PAUSE_DEVIATION = 10.0, (15.0, 50.0), 0.7
# Bands of a line: range of the upper and of the lower edge, and what is left beyond them.
_UPPER_EDGE_HZ, _LOWER_EDGE_HZ, _BEYOND_DB = (2800.0, 7000.0), (150.0, 400.0), (30.0, 70.0)
_MEL_FACTOR, _MEL_CORNER_HZ = 1127.0, 700.0  # the HTK scale


def augmentation(
    settings: AugmentationSettings, features: FeatureConfig, mean: np.ndarray
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Return the augmentation of one log-mel (frames, mels), or None if all settings are off.

    Args:
        settings: Ranges of speed, equaliser and level, and sizes of the masks.
        features: The front end of the log-mels.
        mean: Mean of each band, (mels,). Masked values are replaced by it.

    Returns:
        A function that maps a log-mel (frames, mels) to another, which may have another length. All its random
        numbers, the seed of SpecAugment included, come from TensorFlow's global stream.

    Raises:
        InputError: If a setting is not possible with this front end.
    """
    check_augmentation(settings, features)
    steps: list[Callable[[tf.Tensor], tf.Tensor]] = []
    if settings.speed:
        steps.append(functools.partial(_random_speed, share=settings.speed, features=features))
    if settings.pause_s:
        steps.append(functools.partial(_random_pauses, pause_s=settings.pause_s, features=features))
    if settings.filter_db:
        steps.append(functools.partial(_random_filter, filter_db=settings.filter_db, features=features))
    if settings.band_share:
        steps.append(functools.partial(_random_band, share=settings.band_share, features=features))
    if settings.level_db:
        steps.append(functools.partial(_random_level, level_db=settings.level_db))
    if settings.masks and (settings.freq_mask or settings.time_mask):
        corruption_fn = input_masking(
            freq_mask=settings.freq_mask, time_mask=settings.time_mask, masks=settings.masks, mean=mean
        )
        steps.append(functools.partial(_random_masks, corruption_fn=corruption_fn))
    if not steps:
        return None

    def augment_fn(mel: tf.Tensor) -> tf.Tensor:
        for step in steps:
            mel = step(mel)
        return mel

    return augment_fn


def input_masking(
    *, freq_mask: int, time_mask: int, masks: int, mean: np.ndarray
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """Return SpecAugment's masking of a batch, or None if all masks are off.

    Masked values become the mean of their band; zeros would be loud on a log-mel. The masks depend on the seed only.
    Pretraining derives the seed from epoch and batch number, so a resumed run applies the same masks again.
    Fine-tuning draws the seed from TensorFlow's global stream (see `augmentation`): a resumed run draws other masks.

    Args:
        freq_mask: Upper limit of the width of a frequency mask, in mel bands (exclusive).
        time_mask: Upper limit of the width of a time mask, in frames (exclusive).
        masks: Number of masks of each kind per utterance.
        mean: Mean of each band, (mels,).

    Returns:
        A function that maps log-mels (batch, frames, mels) and a seed (2,) to masked log-mels.

    Raises:
        InputError: If a number is negative.
    """
    if min(freq_mask, time_mask, masks) < 0:
        raise InputError("training: freq_mask, time_mask and masks must not be negative.")
    if not masks or not (freq_mask or time_mask):
        return None
    middle = tf.constant(mean, tf.float32)

    def corruption_fn(mel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        batch, frames, bands = tf.unstack(tf.shape(mel))
        hidden = tf.zeros((batch, frames, bands), tf.bool)
        for number in range(masks):
            if time_mask:
                hidden |= _spans(batch, frames, time_mask, tf.stack([seed[0], seed[1] + 2 * number]))[:, :, tf.newaxis]
            if freq_mask:
                hidden |= _spans(batch, bands, freq_mask, tf.stack([seed[0], seed[1] + 2 * number + 1]))[
                    :, tf.newaxis, :
                ]
        return tf.where(hidden, middle, mel)

    return corruption_fn


def input_noise(
    *, noise: float, mask_ratio: float, mean: np.ndarray, std: np.ndarray
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Return the input corruption of a denoising autoencoder. Its random numbers depend on the seed only.

    Args:
        noise: Standard deviation of the noise, in units of the standard deviation of each band.
        mask_ratio: Share of the frames that are replaced by the mean (0 to 1).
        mean: Mean of each band, (mels,).
        std: Standard deviation of each band, (mels,).

    Returns:
        A function that maps log-mels (batch, frames, mels) and a seed (2,) to corrupted log-mels.
    """
    middle, scale = tf.constant(mean, tf.float32), tf.constant(noise * np.asarray(std), tf.float32)

    def corruption_fn(mel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noisy = mel + scale * tf.random.stateless_normal(tf.shape(mel), seed)
        masked = tf.random.stateless_uniform(tf.shape(mel)[:2], tf.stack([seed[0], seed[1] + 1])) < mask_ratio
        return tf.where(masked[:, :, tf.newaxis], middle, noisy)

    return corruption_fn


def compose(
    *steps: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """Return one corruption function that applies all steps in order, each with another seed.

    Steps that are None are ignored. The result is None if no step is left.
    """
    present = [step for step in steps if step is not None]
    if len(present) < 2:
        return present[0] if present else None

    def apply_all(mel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        for number, step in enumerate(present):
            mel = step(mel, tf.stack([seed[0], seed[1] + _SEEDS_A_STEP * number]))
        return mel

    return apply_all


def _spans(batch: tf.Tensor, length: tf.Tensor, limit: int, seed: tf.Tensor) -> tf.Tensor:
    """Return the mask (batch, length) of one random span per row, shorter than `limit` and than the row."""
    drawn = tf.random.stateless_uniform((2, batch), seed)
    width = tf.floor(drawn[0] * tf.cast(tf.minimum(limit, length), tf.float32))
    start = tf.floor(drawn[1] * (tf.cast(length, tf.float32) - width + 1.0))
    place = tf.cast(tf.range(length), tf.float32)[tf.newaxis]
    return (place >= start[:, tf.newaxis]) & (place < (start + width)[:, tf.newaxis])


def at_speed(mel: tf.Tensor, rate: tf.Tensor, features: FeatureConfig) -> tf.Tensor:
    """Return the log-mel of the same speech at `rate` times the speed; the pitch changes by the same factor.

    Values between frames and bands are interpolated linearly. Bands whose source is above the highest band repeat it.

    Args:
        mel: Log-mel of shape (frames, mels).
        rate: Speed factor, a positive scalar.
        features: The front end of the log-mel.
    """
    frames = tf.shape(mel)[0]
    length = tf.maximum(1, tf.cast(tf.round(tf.cast(frames, tf.float32) / rate), tf.int32))
    stretched = _interpolated(mel, tf.cast(tf.range(length), tf.float32) * rate)
    low, high = _edges(features)
    step = (high - low) / (features.mels + 1)
    centres_hz = _centres_hz(features)
    sources = _MEL_FACTOR * tf.math.log1p(tf.constant(centres_hz, tf.float32) / rate / _MEL_CORNER_HZ)
    return tf.transpose(_interpolated(tf.transpose(stretched), (sources - low) / step - 1.0))


def _edges(features: FeatureConfig) -> tuple[float, float]:
    """Return the lowest and the highest frequency of the bands, in mel."""
    return tuple(_MEL_FACTOR * math.log1p(edge / _MEL_CORNER_HZ) for edge in (features.low_hz, features.high_hz))


def _centres_hz(features: FeatureConfig) -> np.ndarray:
    centres = np.linspace(*_edges(features), features.mels + 2, dtype=np.float32)[1:-1]
    return _MEL_CORNER_HZ * np.expm1(centres / _MEL_FACTOR)


def _interpolated(rows: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Return the rows at fractional positions, interpolated linearly; positions outside take the nearest row."""
    last = tf.shape(rows)[0] - 1
    places = tf.clip_by_value(places, 0.0, tf.cast(last, tf.float32))
    before = tf.cast(tf.floor(places), tf.int32)
    share = (places - tf.floor(places))[:, tf.newaxis]
    return tf.gather(rows, before) * (1.0 - share) + tf.gather(rows, tf.minimum(before + 1, last)) * share


def _random_speed(mel: tf.Tensor, *, share: float, features: FeatureConfig) -> tf.Tensor:
    return at_speed(mel, tf.random.uniform((), 1.0 - share, 1.0 + share), features)


def _random_filter(mel: tf.Tensor, *, filter_db: float, features: FeatureConfig) -> tf.Tensor:
    """Add a random curve over the bands, straight between its points (FilterAugment, Nam et al. 2022). Its mean is 0."""
    return tf.maximum(mel + _random_curve(filter_db, features.mels), math.log(features.floor))


def _random_curve(range_db: float, bands: int) -> tf.Tensor:
    """Return a curve over the bands, straight between random points, with a mean of 0: (bands,) in nats."""
    points = tf.random.uniform((_CURVE_POINTS, 1), -range_db, range_db) * _NATS_PER_DB
    curve = _interpolated(points, tf.linspace(0.0, _CURVE_POINTS - 1.0, bands))[:, 0]
    return curve - tf.reduce_mean(curve)


def _random_pauses(mel: tf.Tensor, *, pause_s: float, features: FeatureConfig) -> tf.Tensor:
    """Put noise of a random spectrum before and after half of the utterances each.

    It is 15 to 50 dB below the loudest frame. Before the first speech, a running level makes it as loud as speech.
    """
    loudest = tf.reduce_max(tf.reduce_logsumexp(mel, axis=1))
    spectrum = _random_curve(_PAUSE_CURVE_DB, features.mels)
    spectrum -= tf.reduce_logsumexp(spectrum)
    parts = [mel]
    for place in (0, 1):
        length_s = tf.random.uniform((), -pause_s, pause_s)  # none in half of the cases
        count = tf.cast(tf.maximum(length_s, 0.0) / features.hop_s, tf.int32)
        level = loudest - tf.random.uniform((), *_PAUSE_BELOW_DB) * _NATS_PER_DB
        level = 0.0 if features.level == "running" and place == 0 else level
        frames = level + spectrum + _PAUSE_DEVIATION * tf.random.normal((count, features.mels))
        parts.insert(len(parts) * place, tf.maximum(frames, math.log(features.floor)))
    return tf.concat(parts, axis=0)


def _random_band(mel: tf.Tensor, *, share: float, features: FeatureConfig) -> tf.Tensor:
    """Limit some utterances to the bands of a line. A level that features normalise is that of what is left."""
    upper_hz, lower_hz = tf.random.uniform((), *_UPPER_EDGE_HZ), tf.random.uniform((), *_LOWER_EDGE_HZ)
    lower_hz *= tf.cast(tf.random.uniform(()) < 0.5, tf.float32)
    centres_hz = tf.constant(_centres_hz(features))
    beyond = (centres_hz > upper_hz) | (centres_hz < lower_hz)
    limited = mel - tf.where(beyond, tf.random.uniform((), *_BEYOND_DB) * _NATS_PER_DB, 0.0)
    if features.level != "recorded":
        limited += tf.reduce_logsumexp(mel) - tf.reduce_logsumexp(limited)
    limited = tf.maximum(limited, math.log(features.floor))
    return tf.where(tf.random.uniform(()) < share, limited, mel)


def _random_level(mel: tf.Tensor, *, level_db: float) -> tf.Tensor:
    return mel + tf.random.uniform((), -level_db, level_db) * _NATS_PER_DB


def _random_masks(mel: tf.Tensor, *, corruption_fn: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Apply SpecAugment with a seed from the global stream."""
    seed = tf.random.uniform((2,), maxval=_SEED_LIMIT, dtype=tf.int32)
    return corruption_fn(mel[tf.newaxis], seed)[0]
