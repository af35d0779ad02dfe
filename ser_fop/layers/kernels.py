"""Kernels: the slowest operations of a transformer layer, in a fast form for each backend.

The `plain_` functions are the reference in `keras.ops`. They run on every backend, and XLA fuses them when it compiles.
TensorFlow runs them without fusion, so on that backend `tensorflow_kernels` replaces them. Tests compare both forms.
"""

from typing import Any

import keras
from keras import ops


def causal_attention(projected: Any, heads: int) -> Any:
    """Compute multi-head attention with a causal mask.

    Args:
        projected: Concatenated queries, keys and values, (batch, frames, 3 width).
        heads: Number of heads.

    Returns:
        Attention output, (batch, frames, width).
    """
    if keras.backend.backend() != "tensorflow":
        return plain_causal_attention(projected, heads)
    from ser_fop.layers import tensorflow_kernels

    return tensorflow_kernels.causal_attention(projected, heads)


def plain_causal_attention(projected: Any, heads: int) -> Any:
    """Compute `causal_attention` in `keras.ops`."""
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
        inputs: Residual stream, (batch, frames, features).
        branch: Output of the sub-layer, of the same shape.
        dropout: Dropout of the branch.
        norm: Layer normalisation of the sum.
        training: Whether dropout is active.
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
    """Compute `add_and_normalise` with Keras layers."""
    return norm(inputs + dropout(branch, training=training))
