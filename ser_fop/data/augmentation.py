"""Training utterances varied anew each time they are read: SpecAugment, level and speed.

All of it acts on log-mels. Random numbers follow the global seed; under `--deterministic` TensorFlow draws them in order.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ser_fop.config.augmentation_limits import check_augmentation
from ser_fop.config.settings import AugmentationSettings, FeatureConfig
from ser_fop.errors import InputError

_SEEDS_A_STEP = 256
_MOST_SEEDS = 2**30
_MEL_FACTOR, _MEL_CORNER_HZ = 1127.0, 700.0  # the HTK scale


def augmentation(
    settings: AugmentationSettings, features: FeatureConfig, mean: np.ndarray
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Return what varies one log-mel (frames, mels), or None where all is off.

    Args:
        settings: What varies, and how much.
        features: The front end of the log-mels.
        mean: Mean of each band, (mels,): what a mask leaves in its place.

    Raises:
        InputError: If a setting makes no sense for this front end.
    """
    check_augmentation(settings, features)
    steps: list[Callable[[tf.Tensor], tf.Tensor]] = []
    if settings.speed:
        steps.append(functools.partial(_at_some_speed, share=settings.speed, features=features))
    if settings.level_db:
        steps.append(functools.partial(_at_some_level, level_db=settings.level_db))
    if settings.masks and (settings.freq_mask or settings.time_mask):
        hide = input_masking(
            freq_mask=settings.freq_mask, time_mask=settings.time_mask, masks=settings.masks, mean=mean
        )
        steps.append(functools.partial(_masked, hide=hide))
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
    """Return SpecAugment's masking of a batch, or None where all masks are off.

    A mask leaves the mean of its band. Its place follows from a seed alone: a training that resumes hides the same
    again.

    Args:
        freq_mask: Mel bands that a mask hides, less than this many.
        time_mask: Frames that a mask hides, less than this many.
        masks: Masks of each kind, drawn for each utterance.
        mean: Mean of each band, (mels,).

    Returns:
        Maps log-mels (batch, frames, mels) and a seed (2,) to log-mels.

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
    """Return what spoils a batch for a denoising autoencoder; its random numbers follow from a seed alone.

    Args:
        noise: Deviation of the noise, in units of each band's.
        mask_ratio: Share of the frames that are hidden behind the mean.
        mean: Mean of each band, (mels,).
        std: Deviation of each band, (mels,).

    Returns:
        Maps log-mels (batch, frames, mels) and a seed (2,) to log-mels.
    """
    middle, scale = tf.constant(mean, tf.float32), tf.constant(noise * np.asarray(std), tf.float32)

    def spoil(mel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noisy = mel + scale * tf.random.stateless_normal(tf.shape(mel), seed)
        gaps = tf.random.stateless_uniform(tf.shape(mel)[:2], tf.stack([seed[0], seed[1] + 1])) < mask_ratio
        return tf.where(gaps[:, :, tf.newaxis], middle, noisy)

    return spoil


def compose(
    *steps: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """Return what does to a batch what each step does, with seeds of their own; None stands for nothing."""
    present = [step for step in steps if step is not None]
    if len(present) < 2:
        return present[0] if present else None

    def all_of_them(mel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        for number, step in enumerate(present):
            mel = step(mel, tf.stack([seed[0], seed[1] + _SEEDS_A_STEP * number]))
        return mel

    return all_of_them


def _spans(batch: tf.Tensor, length: tf.Tensor, limit: int, seed: tf.Tensor) -> tf.Tensor:
    """Return one span of each row, (batch, length), shorter than `limit` and than the row, at a random place."""
    drawn = tf.random.stateless_uniform((2, batch), seed)
    width = tf.floor(drawn[0] * tf.cast(tf.minimum(limit, length), tf.float32))
    start = tf.floor(drawn[1] * (tf.cast(length, tf.float32) - width + 1.0))
    place = tf.cast(tf.range(length), tf.float32)[tf.newaxis]
    return (place >= start[:, tf.newaxis]) & (place < (start + width)[:, tf.newaxis])


def at_speed(mel: tf.Tensor, rate: tf.Tensor, features: FeatureConfig) -> tf.Tensor:
    """Return the log-mel of the same speech played `rate` times as fast, its pitch raised with it.

    Between frames and bands it is interpolated; bands whose source lies beyond the highest take the highest.

    Args:
        mel: Shape (frames, mels).
        rate: A positive scalar.
        features: The front end.
    """
    frames = tf.shape(mel)[0]
    length = tf.maximum(1, tf.cast(tf.round(tf.cast(frames, tf.float32) / rate), tf.int32))
    stretched = _interpolated(mel, tf.cast(tf.range(length), tf.float32) * rate)
    low, high = (_MEL_FACTOR * math.log1p(edge / _MEL_CORNER_HZ) for edge in (features.low_hz, features.high_hz))
    step = (high - low) / (features.mels + 1)
    centres = low + step * (1.0 + np.arange(features.mels, dtype=np.float32))
    centres_hz = _MEL_CORNER_HZ * np.expm1(centres / _MEL_FACTOR)
    sources = _MEL_FACTOR * tf.math.log1p(tf.constant(centres_hz, tf.float32) / rate / _MEL_CORNER_HZ)
    return tf.transpose(_interpolated(tf.transpose(stretched), (sources - low) / step - 1.0))


def _interpolated(rows: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Return rows at fractional places, the outermost repeated."""
    last = tf.shape(rows)[0] - 1
    places = tf.clip_by_value(places, 0.0, tf.cast(last, tf.float32))
    before = tf.cast(tf.floor(places), tf.int32)
    share = (places - tf.floor(places))[:, tf.newaxis]
    return tf.gather(rows, before) * (1.0 - share) + tf.gather(rows, tf.minimum(before + 1, last)) * share


def _at_some_speed(mel: tf.Tensor, *, share: float, features: FeatureConfig) -> tf.Tensor:
    return at_speed(mel, tf.random.uniform((), 1.0 - share, 1.0 + share), features)


def _at_some_level(mel: tf.Tensor, *, level_db: float) -> tf.Tensor:
    return mel + tf.random.uniform((), -level_db, level_db) * (math.log(10) / 10)  # of power


def _masked(mel: tf.Tensor, *, hide: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Hide bands and frames behind the mean; zeros would be loud on a log-mel."""
    seed = tf.random.uniform((2,), maxval=_MOST_SEEDS, dtype=tf.int32)
    return hide(mel[tf.newaxis], seed)[0]
