"""Power spectra of frames of samples, by an FFT or, for runtimes without one, by a matrix product."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np
import tensorflow as tf

_by_product: ContextVar[bool] = ContextVar("spectra by a matrix product", default=False)


@contextlib.contextmanager
def spectra_by_product() -> Iterator[None]:
    """Trace spectra as matrix products, for export to runtimes without an FFT. The values differ by rounding only."""
    token = _by_product.set(True)
    try:
        yield
    finally:
        _by_product.reset(token)


def power_spectrum(frames: tf.Tensor, fft_size: int) -> tf.Tensor:
    """Compute the power of each frequency.

    Args:
        frames: Samples of windowed frames, (..., samples), at most `fft_size` of them.
        fft_size: Number of samples of the transform; frames are padded with zeros.

    Returns:
        Shape (..., fft_size // 2 + 1).
    """
    length = frames.shape[-1]
    if _by_product.get():
        waves = np.exp(-2j * np.pi * np.outer(np.arange(length), np.arange(fft_size // 2 + 1)) / fft_size)
        parts = [tf.tensordot(frames, tf.constant(part, tf.float32), axes=1) for part in (waves.real, waves.imag)]
    else:
        # Pad explicitly: the padding of `rfft` fails if there are no frames.
        padding = [[0, 0]] * (frames.shape.rank - 1) + [[0, fft_size - length]]
        spectrum = tf.signal.rfft(tf.pad(frames, padding), [fft_size])
        parts = [tf.math.real(spectrum), tf.math.imag(spectrum)]
    return tf.square(parts[0]) + tf.square(parts[1])
