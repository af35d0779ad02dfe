"""How well what was predicted tells the true step from the others."""

from typing import Any

import keras
from keras import ops

_NEVER = -1e9


@keras.saving.register_keras_serializable("ser_fop")
class InfoNCE(keras.layers.Layer):
    """InfoNCE of each step, the other real steps of its utterance being the wrong answers.

    Negatives from other utterances would differ in speaker and room, which is not to be learned.

    Call arguments:
        predicted: Shape (batch, steps, features).
        true: What each step's prediction is to be nearest to, of the same shape.
        real: Shape (batch, steps), true on real steps.

    Output shape:
        (batch, steps, 1): the negative logarithm of the true step's probability.

    Reference:
        van den Oord, Li and Vinyals 2018, equation 4 (the paper's reference 19).
    """

    def call(self, predicted: Any, true: Any, real: Any) -> Any:
        scale = predicted.shape[-1] ** -0.5
        scores = ops.matmul(predicted, ops.swapaxes(true, 1, 2)) * scale
        real = ops.cast(real, scores.dtype)
        scores = scores + _NEVER * (1.0 - real[:, None, :])
        answers = ops.logsumexp(scores, axis=-1) - ops.sum(predicted * true, axis=-1) * scale
        return answers[..., None]

    def compute_output_shape(self, predicted_shape: tuple, true_shape: tuple, real_shape: tuple) -> tuple:
        return (*predicted_shape[:2], 1)
