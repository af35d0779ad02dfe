"""The contrastive loss of pairs of utterances: small distances within a class, large ones between classes."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class PairwiseContrastiveLoss(keras.layers.Layer):
    """Return the inputs unchanged and, in training, add the contrastive loss of all pairs in the batch.

    The vectors are scaled to length 1. A pair of one class with distance d has the loss d^2. A
    pair of two classes has the loss max(0, margin - d)^2. The means over the two kinds of pairs
    have equal weight. The loss is not added in validation, so that epochs are compared by the
    task's loss only.

    Args:
        weight: Weight of the contrastive loss.
        margin: Distance from which a pair of two classes has no loss.

    Call arguments:
        inputs: Tensor that is returned, of any shape.
        vectors: Utterance vectors, (batch, features).
        classes: Class index of each vector, (batch,).
        training: Whether the loss is added.

    Output shape:
        That of `inputs`.

    Reference:
        Hadsell, Chopra and LeCun 2006, applied to vectors of length 1.
    """

    def __init__(self, weight: float = 1.0, margin: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.margin = margin

    def call(self, inputs: Any, vectors: Any, classes: Any, training: bool = False) -> Any:
        if training:
            self.add_loss(self.weight * contrast(vectors, classes, margin=self.margin))
        return inputs

    def compute_output_shape(self, inputs_shape: tuple, vectors_shape: tuple, classes_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "margin": self.margin}


def contrast(vectors: Any, classes: Any, *, margin: float) -> Any:
    """Return the contrastive loss of all pairs of a batch, a scalar.

    If there are no pairs of a kind, their part of the loss is 0.

    Args:
        vectors: Utterance vectors, (batch, features).
        classes: Class index of each vector, (batch,).
        margin: Distance from which a pair of two classes has no loss.
    """
    vectors = ops.cast(vectors, "float32")
    vectors = vectors / ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=-1, keepdims=True), 1e-12))
    squared = ops.maximum(2.0 - 2.0 * ops.matmul(vectors, ops.transpose(vectors)), 0.0)
    apart = squared > 1e-9  # the gradient of the square root is infinite at 0
    distance = ops.sqrt(ops.where(apart, squared, 1.0)) * ops.cast(apart, "float32")
    same_class = ops.cast(ops.equal(classes[:, None], classes[None, :]), "float32")
    pairs = ops.cast(ops.triu(ops.ones_like(squared), k=1), "float32")  # each pair once, without the diagonal
    near = _mean(squared, same_class * pairs)
    far = _mean(ops.square(ops.maximum(margin - distance, 0.0)), (1.0 - same_class) * pairs)
    return 0.5 * (near + far)


def _mean(values: Any, weights: Any) -> Any:
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
