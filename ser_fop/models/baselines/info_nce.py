"""The InfoNCE loss of contrastive predictive coding."""

from typing import Any

import keras
from keras import ops

# Added to the score of a padded step, so that its probability is 0.
_PADDING_SCORE = -1e9


@keras.saving.register_keras_serializable("ser_fop")
class InfoNCE(keras.layers.Layer):
    """InfoNCE loss of each step, with the other real steps of its utterance as negatives.

    Negatives from other utterances would also differ in speaker and room, and the network
    would learn those differences.

    Call arguments:
        predicted: Predicted vector of each step, (batch, steps, features).
        true: True vector of each step, (batch, steps, features).
        real: Shape (batch, steps), true on real steps.

    Output shape:
        (batch, steps, 1): the negative log-probability of the true step, in nats.

    Reference:
        van den Oord, Li and Vinyals 2018, equation 4 (the paper's reference 19).
    """

    def call(self, predicted: Any, true: Any, real: Any) -> Any:
        scale = predicted.shape[-1] ** -0.5
        scores = ops.matmul(predicted, ops.swapaxes(true, 1, 2)) * scale
        real = ops.cast(real, scores.dtype)
        scores = scores + _PADDING_SCORE * (1.0 - real[:, None, :])
        losses = ops.logsumexp(scores, axis=-1) - ops.sum(predicted * true, axis=-1) * scale
        return losses[..., None]

    def compute_output_shape(self, predicted_shape: tuple, true_shape: tuple, real_shape: tuple) -> tuple:
        return (*predicted_shape[:2], 1)
