"""Utterances of one emotion near each other, those of two apart."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class PairwiseContrastiveLoss(keras.layers.Layer):
    """Gives back its first input, and in training adds the contrastive loss of all pairs in the batch to the loss.

    Vectors are brought to length 1. A pair of one class costs its squared distance d^2, one of
    two classes max(0, margin - d)^2; the means over both kinds of pairs count alike, whatever
    their numbers. Validation losses are those of the task alone, by which epochs are compared.

    Args:
        weight: Of the contrastive loss.
        margin: Distance beyond which vectors of two classes are far enough apart.

    Call arguments:
        inputs: What is given back, of any shape.
        vectors: Shape (batch, features).
        classes: Class index of each, (batch,).
        training: Whether anything is added.

    Output shape:
        That of `inputs`.

    Reference:
        Hadsell, Chopra and LeCun 2006, on vectors of length 1.
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
    """Return the contrastive loss of all pairs of a batch, a scalar; a kind of pair that there is none of costs nothing.

    Args:
        vectors: Shape (batch, features).
        classes: Class index of each, (batch,).
        margin: Distance beyond which vectors of two classes are far enough apart.
    """
    vectors = ops.cast(vectors, "float32")
    vectors = vectors / ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=-1, keepdims=True), 1e-12))
    squared = ops.maximum(2.0 - 2.0 * ops.matmul(vectors, ops.transpose(vectors)), 0.0)
    apart = squared > 1e-9  # the root's slope at zero is infinite
    distance = ops.sqrt(ops.where(apart, squared, 1.0)) * ops.cast(apart, "float32")
    alike = ops.cast(ops.equal(classes[:, None], classes[None, :]), "float32")
    pairs = ops.cast(ops.triu(ops.ones_like(squared), k=1), "float32")  # each once, none with itself
    near = _mean(squared, alike * pairs)
    far = _mean(ops.square(ops.maximum(margin - distance, 0.0)), (1.0 - alike) * pairs)
    return 0.5 * (near + far)


def _mean(values: Any, weights: Any) -> Any:
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)
