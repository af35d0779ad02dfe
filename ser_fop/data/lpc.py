"""Linear predictive coding (LPC): predictor coefficients of each frame, and the cepstrum of their filter."""

import tensorflow as tf

# White noise, as a share of the power. It keeps the recursion stable if a frame is almost perfectly predictable.
_NOISE_SHARE = 1e-5


def linear_prediction(frames: tf.Tensor, order: int, *, floor: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the linear predictor of each frame by the autocorrelation method (Levinson-Durbin recursion).

    Args:
        frames: Windowed samples, (..., samples).
        order: Number of past samples that predict the next one; less than the number of samples.
        floor: Power that is added to each frame, so that the predictor of silence is zero.

    Returns:
        Natural logarithm of the residual power, (..., 1), and the coefficients a_1 .. a_order, (..., order), of the
        prediction error filter A(z) = 1 + a_1 z^-1 + ...

    Reference:
        Makhoul, "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4), 1975.
    """
    samples = frames.shape[-1]
    frames = tf.cast(frames, tf.float64)  # the recursion loses half of the digits
    lags = [
        tf.reduce_sum(frames[..., : samples - lag] * frames[..., lag:], axis=-1, keepdims=True)
        for lag in range(order + 1)
    ]
    residual = lags[0] * (1.0 + _NOISE_SHARE) + floor
    predictor: list[tf.Tensor] = []
    for lag in range(1, order + 1):
        error = lags[lag] + sum(predictor[place] * lags[lag - 1 - place] for place in range(lag - 1))
        reflection = -error / residual
        predictor = [value + reflection * other for value, other in zip(predictor, reversed(predictor), strict=True)]
        predictor.append(reflection)
        residual = residual * (1.0 - tf.square(reflection))
    power = tf.math.log(tf.maximum(residual, floor))
    return tf.cast(power, tf.float32), tf.cast(tf.concat(predictor, axis=-1), tf.float32)


def cepstrum(coefficients: tf.Tensor) -> tf.Tensor:
    """Return the cepstrum c_1 .. c_order of the filter 1 / A(z), from the coefficients a_1 .. a_order, (..., order)."""
    predictor = tf.split(coefficients, coefficients.shape[-1], axis=-1)
    cepstra: list[tf.Tensor] = []
    for index, value in enumerate(predictor, start=1):
        recursion = sum((k / index) * cepstra[k - 1] * predictor[index - k - 1] for k in range(1, index))
        cepstra.append(-value - recursion)
    return tf.concat(cepstra, axis=-1)
