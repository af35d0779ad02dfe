"""Linear prediction of a frame from its own past: predictor coefficients, and the cepstrum of the filter that they make."""

import tensorflow as tf

# White noise of so small a share keeps the recursion stable where a frame can be predicted almost exactly.
_NOISE_SHARE = 1e-5


def linear_prediction(frames: tf.Tensor, order: int, *, floor: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the predictor of each frame by the autocorrelation method (Levinson and Durbin's recursion).

    Args:
        frames: Windowed samples, (..., samples).
        order: Past samples that predict the next one, less than there are samples.
        floor: Added to the power of each frame: of silence, nothing is predicted.

    Returns:
        Natural logarithm of the power that is not predicted, (..., 1), and a_1 .. a_order, (..., order), of the filter
        A(z) = 1 + a_1 z^-1 + ... that leaves it.

    Reference:
        Makhoul, "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4), 1975.
    """
    samples = frames.shape[-1]
    frames = tf.cast(frames, tf.float64)  # the recursion loses half of its digits
    lags = [
        tf.reduce_sum(frames[..., : samples - lag] * frames[..., lag:], axis=-1, keepdims=True)
        for lag in range(order + 1)
    ]
    residual = lags[0] * (1.0 + _NOISE_SHARE) + floor
    found: list[tf.Tensor] = []
    for lag in range(1, order + 1):
        missed = lags[lag] + sum(found[place] * lags[lag - 1 - place] for place in range(lag - 1))
        reflection = -missed / residual
        found = [value + reflection * other for value, other in zip(found, reversed(found), strict=True)]
        found.append(reflection)
        residual = residual * (1.0 - tf.square(reflection))
    power = tf.math.log(tf.maximum(residual, floor))
    return tf.cast(power, tf.float32), tf.cast(tf.concat(found, axis=-1), tf.float32)


def cepstrum(coefficients: tf.Tensor) -> tf.Tensor:
    """Return c_1 .. c_order of the logarithm of 1 / A(z), from its coefficients a_1 .. a_order, (..., order)."""
    given = tf.split(coefficients, coefficients.shape[-1], axis=-1)
    found: list[tf.Tensor] = []
    for index, value in enumerate(given, start=1):
        later = sum((k / index) * found[k - 1] * given[index - k - 1] for k in range(1, index))
        found.append(-value - later)
    return tf.concat(found, axis=-1)
