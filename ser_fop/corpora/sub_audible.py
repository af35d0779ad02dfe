"""The part of a frame of samples below speech: a constant offset, drift and mains hum."""

import functools

import numpy as np

# Sequences beyond the bandwidth, so that the edge of the band is attenuated too.
_MORE_COMPONENTS = 3


@functools.lru_cache(maxsize=16)
def sub_audible_basis(samples: int, *, sample_rate_hz: int, below_hz: float) -> np.ndarray:
    """Return an orthonormal basis of what a frame can contain below a frequency.

    It consists of a constant and the discrete prolate spheroidal sequences of that bandwidth. A frame without its
    projection on them depends on no other frame, so a front end stays causal.

    Args:
        samples: Number of samples of the frame.
        sample_rate_hz: Sample rate, in hertz.
        below_hz: Upper edge of the band, in hertz.

    Returns:
        Float32 array of shape (samples, components).

    Reference:
        Slepian 1978, Prolate spheroidal wave functions, Fourier analysis, and uncertainty V.
    """
    import scipy.signal.windows  # this import takes a second, and `predict` with an ONNX twin does without

    half_bandwidth = below_hz * samples / sample_rate_hz
    count = round(2 * half_bandwidth) + _MORE_COMPONENTS
    sequences = scipy.signal.windows.dpss(samples, max(half_bandwidth, 0.1), Kmax=count).T
    basis, _ = np.linalg.qr(np.concatenate([np.ones((samples, 1)), sequences], axis=1))
    return basis.astype(np.float32)
