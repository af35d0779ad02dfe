"""Batches of sound to batches of log-mel, as `prepare` makes them one by one, in operations that TF Serving has."""

import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import frame_features, hop_length, window_length

_SILENCE_FRAME_S = 0.025
_LEAST_VARIANCE = 1e-8


def without_silence(
    waveform: tf.Tensor, length: tf.Tensor, *, sample_rate_hz: int, below_db: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cut from both ends what is quieter than the loudest frame by more than `below_db`.

    The twin of `ser_fop.corpora.audio.trim_silence`.

    Args:
        waveform: Shape (batch, samples), zero after each one's length.
        length: Samples of each, (batch,) int32.
        sample_rate_hz: Their rate.
        below_db: Distance from the loudest frame, in decibels.

    Returns:
        The sound that is left, from the first sample on, and its lengths.
    """
    frame = round(_SILENCE_FRAME_S * sample_rate_hz)
    samples = tf.shape(waveform)[1]
    framed = tf.signal.frame(waveform, frame, frame, pad_end=True)
    count = length // frame  # an unfinished frame at the end is not compared
    whole = tf.sequence_mask(count, tf.shape(framed)[1])
    power = tf.where(whole, tf.reduce_mean(tf.square(tf.cast(framed, tf.float64)), axis=-1), 0.0)
    loudest = tf.reduce_max(power, axis=1, keepdims=True)
    loud = tf.cast(whole & (power >= loudest * 10 ** (-below_db / 10)), tf.int32)
    first = tf.argmax(loud, axis=1, output_type=tf.int32)
    last = tf.shape(loud)[1] - 1 - tf.argmax(tf.reverse(loud, [1]), axis=1, output_type=tf.int32)
    end = tf.where(last == count - 1, length, (last + 1) * frame)
    first = tf.where(count > 0, first * frame, 0)
    kept = tf.where(count > 0, end - first, length)
    place = tf.minimum(first[:, tf.newaxis] + tf.range(samples), samples - 1)
    return only_real(tf.gather(waveform, place, batch_dims=1), kept), kept


def only_real(waveform: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Return the batch with zeros after each one's length: a server may have filled it up with anything."""
    return tf.where(tf.sequence_mask(length, tf.shape(waveform)[1]), waveform, 0.0)


def batch_of_mels(
    waveform: tf.Tensor, length: tf.Tensor, *, features: FeatureConfig, trim_below_db: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute log-mels as `prepare` does.

    Args:
        waveform: Float32 samples at the front end's rate, (batch, samples); after each one's length, anything.
        length: Samples of each, (batch,) int32.
        features: The front end.
        trim_below_db: Cut silence at both ends so far below the loudest frame; 0 cuts nothing.

    Returns:
        Log-mels (batch, frames, mels) and the frames of each, (batch,) int32: none where it is shorter than a window.
    """
    window, hop = window_length(features), hop_length(features)
    waveform = only_real(waveform, length)
    if trim_below_db:
        waveform, length = without_silence(
            waveform, length, sample_rate_hz=features.sample_rate_hz, below_db=trim_below_db
        )
    mel = frame_features(waveform, features)
    frames = tf.where(length < window, 0, 1 + (length - window) // hop)
    if features.normalised_by == "utterance":
        mel = _normalised(mel, frames)
    return mel, frames


def _normalised(mel: tf.Tensor, frames: tf.Tensor) -> tf.Tensor:
    """Take each utterance's own mean and deviation off its bands, as records do that are `normalised_by` it."""
    real = tf.sequence_mask(frames, tf.shape(mel)[1], tf.float64)[:, :, tf.newaxis]
    count = tf.maximum(tf.reduce_sum(real, axis=1, keepdims=True), 1.0)
    exact = tf.cast(mel, tf.float64)
    mean = tf.reduce_sum(exact * real, axis=1, keepdims=True) / count
    variance = tf.reduce_sum(tf.square(exact - mean) * real, axis=1, keepdims=True) / count
    return tf.cast((exact - mean) / tf.sqrt(tf.maximum(variance, _LEAST_VARIANCE)), tf.float32)
