"""Checks of a recording that make its prediction doubtful, as operations of the exported graph."""

import tensorflow as tf

# Shorter recordings hold a syllable or two.
SHORT_S = 0.5
# Reasons of an answer that is doubtful, and of no answer.
SHORT, CLIPPED, BAND_LIMITED, LOW_CONFIDENCE = "short", "clipped", "band-limited", "low confidence"
SILENT, NO_SPEECH, OUT_OF_RANGE, TOO_SHORT = "silent", "no speech", "out of range", "too short"
SEPARATOR = "; "

# Neighbouring samples near the peak that hardly differ: clean speech has at most one such pair in 8000, speech clipped
# 6 dB below its peak one in 200.
_NEAR_PEAK, _FLAT, _CLIPPED_SHARE = 0.97, 0.004, 3e-4
# Above 4.5 kHz, clean speech has -44 to -3 dB of its power, speech of a telephone mostly less than -50 dB.
_FRAME, _HOP, _LOW_HZ, _EDGE_HZ, _LEAST_SHARE = 512, 256, 50.0, 4500.0, 1e-5
_MOST_RATE_SHARE = 0.47


def doubts_of(waveform: tf.Tensor, length: tf.Tensor, *, sample_rate_hz: int) -> tf.Tensor:
    """Return why the predictions of waveforms are doubtful, whatever their gain.

    Args:
        waveform: Samples of shape (batch, samples), zero after the end of each recording.
        length: Number of samples of each recording, of shape (batch,), int32.
        sample_rate_hz: Their sample rate.

    Returns:
        Texts of shape (batch,): `short`, `clipped` and `band-limited`, joined by `; `, or an empty text.
    """
    found = {
        SHORT: tf.cast(length, tf.float32) < SHORT_S * sample_rate_hz,
        CLIPPED: _is_clipped(waveform, length),
        BAND_LIMITED: _is_band_limited(waveform, length, sample_rate_hz),
    }
    text = tf.fill(tf.shape(length), "")
    for name, holds in found.items():
        text = with_reason(text, tf.where(holds, name, ""))
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
    spectrum = tf.signal.stft(waveform, _FRAME, _HOP, fft_length=_FRAME, pad_end=True)
    whole = tf.sequence_mask((length - _FRAME) // _HOP + 1, tf.shape(spectrum)[1], tf.float32)
    power = tf.reduce_sum(tf.square(tf.abs(spectrum)) * whole[:, :, tf.newaxis], axis=1)
    hertz = tf.range(_FRAME // 2 + 1, dtype=tf.float32) * (sample_rate_hz / _FRAME)
    total = tf.reduce_sum(power * tf.cast(hertz > _LOW_HZ, tf.float32), axis=1)
    high = tf.reduce_sum(power * tf.cast((hertz >= _EDGE_HZ) & (hertz < highest_hz), tf.float32), axis=1)
    return high < _LEAST_SHARE * total
