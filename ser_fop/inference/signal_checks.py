"""Checks of a recording that make its prediction doubtful, as operations of the exported graph."""

import numpy as np
import tensorflow as tf

from ser_fop.corpora.audio import LARGEST_PEAK, SILENCE_PEAK
from ser_fop.data.power_spectrum import power_spectrum
from ser_fop.inference.outputs import DOUBT_NAMES, OUT_OF_RANGE, REFUSALS, SEPARATOR, SILENT

# Shorter recordings hold a syllable or two.
SHORT_S = 0.5

# Neighbouring samples near the peak that hardly differ: clean speech has at most one such pair in 8000, speech clipped
# 6 dB below its peak one in 200.
_NEAR_PEAK, _FLAT, _CLIPPED_SHARE = 0.97, 0.004, 3e-4
# Above 4.5 kHz, clean speech has -44 to -3 dB of its power, speech of a telephone mostly less than -50 dB.
_FRAME, _HOP, _LOW_HZ, _EDGE_HZ, _LEAST_SHARE = 512, 256, 50.0, 4500.0, 1e-5
_MOST_RATE_SHARE = 0.47


def refusal_of(waveform: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Return, for each waveform, why it has no answer: the index in `REFUSALS`, (batch,) int32.

    Args:
        waveform: Samples of shape (batch, samples).
        length: Number of samples of each recording, of shape (batch,), int32.
    """
    real = tf.sequence_mask(length, tf.shape(waveform)[1])
    # Without samples the range is -inf, and NaN with NaN.
    highest = tf.reduce_max(tf.where(real, waveform, -np.inf), axis=1)
    lowest = tf.reduce_min(tf.where(real, waveform, np.inf), axis=1)
    peak = tf.maximum(highest, -lowest)
    has_sound = (highest - lowest) / 2 >= SILENCE_PEAK
    silent, out_of_range = REFUSALS.index(SILENT), REFUSALS.index(OUT_OF_RANGE)
    return tf.where(peak <= LARGEST_PEAK, tf.where(has_sound, 0, silent), out_of_range)


def doubts_of(waveform: tf.Tensor, length: tf.Tensor, *, sample_rate_hz: int) -> tf.Tensor:
    """Return why the predictions of waveforms are doubtful, whatever their gain.

    Args:
        waveform: Samples of shape (batch, samples), zero after the end of each recording.
        length: Number of samples of each recording, of shape (batch,), int32.
        sample_rate_hz: Their sample rate.

    Returns:
        Which of `DOUBT_NAMES` hold, (batch, doubts) bool.
    """
    is_short = tf.cast(length, tf.float32) < SHORT_S * sample_rate_hz
    return tf.stack(
        [is_short, _is_clipped(waveform, length), _is_band_limited(waveform, length, sample_rate_hz)], axis=1
    )


def doubts_as_text(doubts: tf.Tensor) -> tf.Tensor:
    """Return the names of doubts, (batch,), joined by `; `, from `doubts_of`."""
    text = tf.fill(tf.shape(doubts)[:1], "")
    for number, name in enumerate(DOUBT_NAMES):
        text = with_reason(text, tf.where(doubts[:, number], name, ""))
    return text


def with_reason(text: tf.Tensor, reason: tf.Tensor) -> tf.Tensor:
    """Append reasons to texts; both have shape (batch,), and an empty reason changes nothing."""
    separator = tf.where((text == "") | (reason == ""), "", SEPARATOR)
    return tf.strings.join([text, separator, reason])


def _is_clipped(waveform: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    size = tf.abs(waveform)
    peak = tf.reduce_max(size, axis=1, keepdims=True)
    top = (size >= _NEAR_PEAK * peak) & (peak > 0)
    flat = tf.abs(waveform[:, 1:] - waveform[:, :-1]) <= _FLAT * peak
    pairs = tf.reduce_sum(tf.cast(top[:, 1:] & top[:, :-1] & flat, tf.float32), axis=1)
    return pairs > _CLIPPED_SHARE * tf.cast(length, tf.float32)


def _is_band_limited(waveform: tf.Tensor, length: tf.Tensor, sample_rate_hz: int) -> tf.Tensor:
    """Return whether the recording lacks the upper half of the band; false if the sample rate cannot tell.

    Only whole frames count: the cut at the end of a recording has power in the whole band.
    """
    highest_hz = _MOST_RATE_SHARE * sample_rate_hz
    if highest_hz <= _EDGE_HZ:
        return tf.fill(tf.shape(length), False)
    frames = tf.signal.frame(waveform, _FRAME, _HOP, pad_end=True) * tf.signal.hann_window(_FRAME, periodic=True)
    spectrum = power_spectrum(frames, _FRAME)
    whole = tf.sequence_mask((length - _FRAME) // _HOP + 1, tf.shape(spectrum)[1], tf.float32)
    power = tf.reduce_sum(spectrum * whole[:, :, tf.newaxis], axis=1)
    hertz = tf.range(_FRAME // 2 + 1, dtype=tf.float32) * (sample_rate_hz / _FRAME)
    total = tf.reduce_sum(power * tf.cast(hertz > _LOW_HZ, tf.float32), axis=1)
    high = tf.reduce_sum(power * tf.cast((hertz >= _EDGE_HZ) & (hertz < highest_hz), tf.float32), axis=1)
    return high < _LEAST_SHARE * total
