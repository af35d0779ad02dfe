"""The costly parts of an attention layer: in `keras.ops`, and by the fastest form that the backend has.

The `plain_` functions say what is computed and run on every backend; XLA fuses them where it compiles. On TensorFlow,
which does not, `tensorflow_kernels` takes their place; the tests hold both together.
"""

from typing import Any

import keras
from keras import ops


def causal_attention(projected: Any, heads: int) -> Any:
    """Attend under a causal mask.

    Args:
        projected: Queries, keys and values side by side, (batch, frames, 3 width).
        heads: Number of heads.

    Returns:
        Attended values, (batch, frames, width).
    """
    if keras.backend.backend() != "tensorflow":
        return plain_causal_attention(projected, heads)
    from ser_fop.layers import tensorflow_kernels

    return tensorflow_kernels.causal_attention(projected, heads)


def plain_causal_attention(projected: Any, heads: int) -> Any:
    """Do what `causal_attention` does in `keras.ops` alone."""
    frames, width = ops.shape(projected)[1], projected.shape[-1] // 3
    parts = ops.reshape(projected, (-1, frames, 3 * heads, width // heads))
    query, key, value = ops.split(parts, 3, axis=2)  # each (batch, frames, heads, head width)
    attended = ops.dot_product_attention(query, key, value, is_causal=True)
    return ops.reshape(attended, (-1, frames, width))


def add_and_normalise(
    inputs: Any,
    branch: Any,
    *,
    dropout: keras.layers.Dropout,
    norm: keras.layers.LayerNormalization,
    training: bool | None,
) -> Any:
    """Return `norm(inputs + dropout(branch))`.

    Args:
        inputs: The residual stream, (batch, frames, features).
        branch: The sub-layer's output, of the same shape.
        dropout: Dropout on the branch.
        norm: Normalisation of the sum.
        training: Whether dropout acts.
    """
    if keras.backend.backend() != "tensorflow":
        return plain_add_and_normalise(inputs, branch, dropout=dropout, norm=norm, training=training)
    from ser_fop.layers import tensorflow_kernels

    drops = bool(training and dropout.rate)
    return tensorflow_kernels.add_and_normalise(
        inputs,
        branch,
        norm.gamma,
        norm.beta,
        epsilon=norm.epsilon,
        dropout=dropout.rate if drops else 0.0,
        seed=dropout.seed_generator.next() if drops else None,
    )


def plain_add_and_normalise(
    inputs: Any,
    branch: Any,
    *,
    dropout: keras.layers.Dropout,
    norm: keras.layers.LayerNormalization,
    training: bool | None,
) -> Any:
    """Do what `add_and_normalise` does with Keras' own layers."""
    return norm(inputs + dropout(branch, training=training))
