"""Batched front end: the log-mels of `prepare`, in operations that TF Serving supports."""

import tensorflow as tf

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import frame_features, without_sub_audible

_SILENCE_FRAME_S = 0.025
_MIN_VARIANCE = 1e-8


def without_silence(
    waveform: tf.Tensor, length: tf.Tensor, *, sample_rate_hz: int, below_db: float, remove_below_hz: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Trim silence from both ends of each waveform.

    This is the batched form of `ser_fop.corpora.audio.trim_silence`.

    Args:
        waveform: Waveforms of shape (batch, samples), padded with zeros.
        length: Number of samples of each waveform, of shape (batch,), int32.
        sample_rate_hz: Sample rate in Hz.
        below_db: Frames that are quieter than the loudest frame by more than this level, in dB, are silent.
        remove_below_hz: The power of a frame does not count what lies below this frequency; 0 counts everything.

    Returns:
        The trimmed waveforms, aligned to the first sample and padded with zeros, and their lengths.
    """
    frame = round(_SILENCE_FRAME_S * sample_rate_hz)
    samples = tf.shape(waveform)[1]
    framed = tf.signal.frame(waveform, frame, frame, pad_end=True)
    if remove_below_hz:
        framed = without_sub_audible(framed, sample_rate_hz=sample_rate_hz, below_hz=remove_below_hz)
    count = length // frame  # an incomplete last frame is ignored
    whole = tf.sequence_mask(count, tf.shape(framed)[1])
    power = tf.where(whole, tf.reduce_mean(tf.square(tf.cast(framed, tf.float64)), axis=-1), 0.0)
    loudest = tf.reduce_max(power, axis=1, keepdims=True)
    loud = tf.cast(whole & (power >= loudest * 10 ** (-below_db / 10)), tf.int32)
    first = tf.argmax(loud, axis=1, output_type=tf.int32)
    last = tf.shape(loud)[1] - 1 - tf.argmax(tf.reverse(loud, [1]), axis=1, output_type=tf.int32)
    end = tf.where(last == count - 1, length, (last + 1) * frame)
    first = tf.where(count > 0, first * frame, 0)
    trimmed = tf.where(count > 0, end - first, length)
    index = tf.minimum(first[:, tf.newaxis] + tf.range(samples), samples - 1)
    return only_real(tf.gather(waveform, index, batch_dims=1), trimmed), trimmed


def only_real(waveform: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Set the padding of a batch to zero. A server may pad with other values."""
    return tf.where(tf.sequence_mask(length, tf.shape(waveform)[1]), waveform, 0.0)


def batch_of_mels(
    waveform: tf.Tensor, length: tf.Tensor, *, features: FeatureConfig, trim_below_db: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute the log-mels of a batch, as `prepare` does for one utterance.

    Args:
        waveform: Float32 samples of shape (batch, samples), at the front end's sample rate. The padding is ignored.
        length: Number of samples of each waveform, of shape (batch,), int32.
        features: Settings of the front end.
        trim_below_db: Level of silence below the loudest frame, in dB. Silence at both ends is trimmed. With 0,
            nothing is trimmed.

    Returns:
        Log-mels of shape (batch, frames, mels), and the number of frames of each utterance, of shape (batch,), int32.
        An utterance that is shorter than one window has 0 frames.
    """
    window, hop = window_length(features), hop_length(features)
    waveform = only_real(waveform, length)
    if trim_below_db:
        waveform, length = without_silence(
            waveform,
            length,
            sample_rate_hz=features.sample_rate_hz,
            below_db=trim_below_db,
            remove_below_hz=features.remove_below_hz,
        )
    frames = tf.where(length < window, 0, 1 + (length - window) // hop)
    mel = frame_features(waveform, features, frames)
    if features.normalised_by in ("utterance", "utterance_mean"):
        mel = _normalise(mel, frames, scaled=features.normalised_by == "utterance")
    return mel, frames


def _normalise(mel: tf.Tensor, frames: tf.Tensor, *, scaled: bool) -> tf.Tensor:
    """Subtract the utterance's own mean from each band; if `scaled`, divide by its standard deviation."""
    real = tf.sequence_mask(frames, tf.shape(mel)[1], tf.float64)[:, :, tf.newaxis]
    count = tf.maximum(tf.reduce_sum(real, axis=1, keepdims=True), 1.0)
    exact = tf.cast(mel, tf.float64)
    mean = tf.reduce_sum(exact * real, axis=1, keepdims=True) / count
    if not scaled:
        return tf.cast(exact - mean, tf.float32)
    variance = tf.reduce_sum(tf.square(exact - mean) * real, axis=1, keepdims=True) / count
    return tf.cast((exact - mean) / tf.sqrt(tf.maximum(variance, _MIN_VARIANCE)), tf.float32)
