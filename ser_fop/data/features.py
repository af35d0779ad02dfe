"""The front end as TensorFlow operations.

`prepare` and exported models run the same function. It is causal, unless level `speech` is chosen: frame t
does not depend on samples after its window.
It is batch-invariant: nothing is normalised by a maximum over the tensor.
"""

import numpy as np
import scipy.fft
import tensorflow as tf

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.sub_audible import sub_audible_basis
from ser_fop.data.lpc import cepstrum, linear_prediction
from ser_fop.data.power_spectrum import power_spectrum
from ser_fop.data.running_level import at_running_level
from ser_fop.data.speech_level import at_speech_level
from ser_fop.errors import InputError

# The components of a wider band would be a large part of a frame, and of its speech.
_WIDEST = 5.0


def check_features(config: FeatureConfig) -> FeatureConfig:
    """Return `config` if its values are valid, or raise `InputError`."""
    if config.fft_size < window_length(config):
        raise InputError(
            f"features.fft_size {config.fft_size} is shorter than the window of {window_length(config)} samples."
        )
    if not 0 <= config.low_hz < config.high_hz <= config.sample_rate_hz / 2:
        raise InputError(
            f"expected 0 <= low_hz < high_hz <= {config.sample_rate_hz / 2:g} (half the sample rate),"
            f" received {config.low_hz:g} and {config.high_hz:g}."
        )
    if not 0 <= config.remove_below_hz * config.window_s <= _WIDEST:
        raise InputError(
            f"features.remove_below_hz expected 0 to {_WIDEST / config.window_s:g} for windows of {config.window_s:g} s,"
            f" received {config.remove_below_hz:g}."
        )
    if min(config.mels, hop_length(config), window_length(config)) < 1 or config.floor <= 0:
        raise InputError("features: mels, hop_s, window_s and floor must be positive.")
    most = config.mels if config.front_end == "mfcc" else window_length(config)
    if config.front_end != "log_mel" and not 2 <= config.coefficients <= most:
        raise InputError(
            f"features.coefficients of {config.front_end} expected 2 to {most}, received {config.coefficients}."
        )
    if config.level != "recorded" and config.front_end not in ("log_mel", "mfcc"):
        raise InputError(
            f"features.level `{config.level}` expected the front end log_mel or mfcc, received {config.front_end}. Use"
            " `recorded`."
        )
    return config


def frame_features(waveform: tf.Tensor, config: FeatureConfig, frames: tf.Tensor | None = None) -> tf.Tensor:
    """Compute the features of the front end `config.front_end`.

    Args:
        waveform: Float32 samples of shape (samples,) or (batch, samples), at
            `config.sample_rate_hz`.
        config: The front end.
        frames: Number of frames of each waveform of a padded batch, of shape (batch,); by default, all frames count.

    Returns:
        Shape (frames, config.width) or (batch, frames, config.width).
    """
    if config.front_end in ("log_mel", "mfcc"):
        return of_log_mel(log_mel(waveform, config, frames), config)
    power, predictor = linear_prediction(_windowed(waveform, config), config.coefficients - 1, floor=config.floor)
    return tf.concat([power, predictor if config.front_end == "lpc" else cepstrum(predictor)], axis=-1)


def of_log_mel(mel: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Return the features that are computed from log-mels: themselves, or their cosine transform (`mfcc`)."""
    if config.front_end != "mfcc":
        return mel
    cosines = scipy.fft.dct(np.eye(config.mels), type=2, norm="ortho", axis=0)[: config.coefficients]
    return tf.tensordot(mel, tf.constant(cosines.T, tf.float32), axes=1)


def log_mel(waveform: tf.Tensor, config: FeatureConfig, frames: tf.Tensor | None = None) -> tf.Tensor:
    """Compute the log-mel spectrogram.

    Args:
        waveform: Float32 samples of shape (samples,) or (batch, samples), at
            `config.sample_rate_hz`.
        config: The front end.
        frames: As for `frame_features`.

    Returns:
        Natural logarithm of mel-band power, (frames, mels) or (batch, frames, mels).
    """
    bands = band_power(waveform, config)
    if config.level == "speech":
        bands = at_speech_level(bands, frames)
    elif config.level == "running":
        bands = at_running_level(bands, config)
    return tf.math.log(tf.maximum(bands, config.floor))


def band_power(waveform: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Compute the power of each mel band.

    Args:
        waveform: Float32 samples of shape (samples,) or (batch, samples), at `config.sample_rate_hz`.
        config: The front end.

    Returns:
        Shape (frames, mels) or (batch, frames, mels).
    """
    power = power_spectrum(_windowed(waveform, config), config.fft_size)
    return tf.tensordot(power, mel_filters(config), axes=1)


def _windowed(waveform: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Return overlapping frames of samples, (..., frames, samples), multiplied by a Hann window."""
    frames = tf.signal.frame(waveform, window_length(config), hop_length(config))
    if config.remove_below_hz:
        frames = without_sub_audible(frames, sample_rate_hz=config.sample_rate_hz, below_hz=config.remove_below_hz)
    return frames * tf.signal.hann_window(window_length(config), periodic=True)


def without_sub_audible(frames: tf.Tensor, *, sample_rate_hz: int, below_hz: float) -> tf.Tensor:
    """Return frames of samples, (..., samples), without what they contain below a frequency in hertz."""
    basis = tf.constant(sub_audible_basis(frames.shape[-1], sample_rate_hz=sample_rate_hz, below_hz=below_hz))
    return frames - tf.tensordot(tf.tensordot(frames, basis, axes=1), tf.transpose(basis), axes=1)


def mel_filters(config: FeatureConfig) -> tf.Tensor:
    """Return the triangular filters on the HTK mel scale, shape (bins, mels), with peak 1."""
    return tf.signal.linear_to_mel_weight_matrix(
        num_mel_bins=config.mels,
        num_spectrogram_bins=config.fft_size // 2 + 1,
        sample_rate=config.sample_rate_hz,
        lower_edge_hertz=config.low_hz,
        upper_edge_hertz=config.high_hz,
    )
