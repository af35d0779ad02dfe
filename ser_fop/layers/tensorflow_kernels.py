"""Kernels for the TensorFlow backend.

The `plain_` functions of `kernels` are the reference. Tests compare both forms.
"""

from typing import Any

import tensorflow as tf

# More blocks skip more of the masked upper triangle, but need more and smaller matrix products. With four blocks, 62 %
# of the scores are computed.
_BLOCKS = 4


def causal_attention(projected: Any, heads: int) -> Any:
    """Compute multi-head attention with a causal mask, in blocks of rows.

    A block does not read later keys. TensorFlow has no fused attention: the plain form keeps several tensors of shape
    (batch, heads, frames, frames) for the backward pass. Here one block is in memory at a time, and the backward pass
    computes the attention weights again.

    Args:
        projected: Concatenated queries, keys and values, (batch, frames, 3 width).
        heads: Number of heads.

    Returns:
        Attention output, (batch, frames, width).
    """
    return _attention(heads)(projected)


def add_and_normalise(
    inputs: Any, branch: Any, scale: Any, offset: Any, *, epsilon: float, dropout: float, seed: Any = None
) -> Any:
    """Return `LayerNormalization(inputs + Dropout(branch))`, with half as many passes over memory.

    The backward pass computes row sums and column sums as products with vectors. Dropout uses a random number of 16
    bits for each value, which rounds the dropout rate to a multiple of 2**-16.

    Args:
        inputs: Residual stream, (batch, frames, features).
        branch: Output of the sub-layer, of the same shape.
        scale: Gain of the normalisation, (features,).
        offset: Offset of the normalisation, (features,).
        epsilon: Constant that is added to the variance.
        dropout: Dropout rate of `branch`; 0 disables dropout.
        seed: Two integers, for dropout.

    Returns:
        The normalised sum, of the shape and data type of `inputs`. Mean and variance are computed in float32.
    """
    shape, features = tf.shape(inputs), inputs.shape[-1]
    flat = _sum_and_norm(epsilon, dropout, seed)(
        tf.reshape(inputs, (-1, features)),
        tf.reshape(branch, (-1, features)),
        tf.convert_to_tensor(scale),
        tf.convert_to_tensor(offset),
    )
    return tf.reshape(flat, shape)


def _attention(heads: int) -> Any:
    @tf.custom_gradient
    def attend(projected: tf.Tensor) -> tuple:
        query, key, value = _split_heads(projected, heads)
        blocks = _blocks(tf.shape(query)[2])
        outputs: list[tf.Tensor] = []
        for start, end in blocks:
            with tf.control_dependencies(outputs[-1:]):  # keep the scores of only one block in memory
                outputs.append(tf.matmul(_weights(query, key, start, end), value[:, :, :end]))
        output = _merge_heads(tf.concat(outputs, axis=2))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return _attention_gradient(query, key, value, output, upstream, blocks)

        return output, gradient

    return attend


def _attention_gradient(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, output: tf.Tensor, upstream: tf.Tensor, blocks: list
) -> tf.Tensor:
    """Return the gradient with respect to the projection, (batch, frames, 3 width)."""
    heads, width = query.shape[1], query.shape[3]
    by_head = (-1, tf.shape(query)[2], heads, width)
    # The gradient of softmax subtracts the sum of each row. An additional column in the product does it without a
    # separate pass over memory.
    row_sum = tf.reduce_sum(tf.reshape(upstream * output, by_head), axis=-1, keepdims=True)
    upstream = tf.transpose(tf.reshape(upstream, by_head), (0, 2, 1, 3))
    upstream_and_sum = tf.concat([upstream, -tf.transpose(row_sum, (0, 2, 1, 3))], axis=-1)
    value_and_one = tf.concat([value, tf.ones_like(value[..., :1])], axis=-1)
    to_query: list[tf.Tensor] = []
    to_key = to_value = tf.zeros_like(key[:, :, :0])
    for start, end in blocks:
        with tf.control_dependencies(
            [*to_query[-1:], to_key, to_value]
        ):  # keep only one block in memory, as in the forward pass
            weights = _weights(query, key, start, end)
            centred = tf.matmul(upstream_and_sum[:, :, start:end], value_and_one[:, :, :end], transpose_b=True)
            to_scores = weights * centred
            to_query.append(tf.matmul(to_scores, key[:, :, :end]))
            to_key = _add_prefix(to_key, tf.matmul(to_scores, query[:, :, start:end], transpose_a=True))
            to_value = _add_prefix(to_value, tf.matmul(weights, upstream[:, :, start:end], transpose_a=True))
    scale = tf.constant(width**-0.5, query.dtype)  # `query` is already scaled
    return tf.concat([_merge_heads(part) for part in (tf.concat(to_query, axis=2) * scale, to_key, to_value)], axis=-1)


def _add_prefix(total: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
    """Add `total`, which has only the first frames of `part`, to `part`."""
    frames = tf.shape(total)[2]
    return tf.concat([total + part[:, :, :frames], part[:, :, frames:]], axis=2)


def _split_heads(projected: tf.Tensor, heads: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return scaled queries, keys and values, each (batch, heads, frames, head width)."""
    width = projected.shape[-1] // (3 * heads)
    parts = tf.reshape(projected, (-1, tf.shape(projected)[1], 3, heads, width))
    query, key, value = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)))
    return query * tf.constant(width**-0.5, query.dtype), key, value


def _merge_heads(output: tf.Tensor) -> tf.Tensor:
    heads, width = output.shape[1], output.shape[3]
    return tf.reshape(tf.transpose(output, (0, 2, 1, 3)), (-1, tf.shape(output)[2], heads * width))


def _blocks(frames: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Return start and end of each block of rows. With few frames, the last blocks are empty."""
    size = (frames + _BLOCKS - 1) // _BLOCKS  # not negative, because ONNX rounds division towards zero
    return [(tf.minimum(size * block, frames), tf.minimum(size * (block + 1), frames)) for block in range(_BLOCKS)]


def _weights(query: tf.Tensor, key: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Return the attention weights of rows start to end - 1, (batch, heads, rows, end)."""
    scores = tf.matmul(query[:, :, start:end], key[:, :, :end], transpose_b=True)
    past = tf.range(end)[tf.newaxis, :] <= tf.range(start, end)[:, tf.newaxis]
    return tf.nn.softmax(scores + tf.where(past, tf.zeros((), scores.dtype), scores.dtype.min / 2))


def _sum_and_norm(epsilon: float, dropout: float, seed: Any) -> Any:
    @tf.custom_gradient
    def normalise(inputs: tf.Tensor, branch: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tuple:
        kept = _keep_mask(tf.shape(branch), dropout, seed) if dropout else None
        total = tf.cast(inputs + _drop(branch, kept, dropout), tf.float32)
        gain = tf.cast(scale, tf.float32)
        centred = total - tf.reduce_mean(total, axis=-1, keepdims=True)
        inverse = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True) + epsilon)
        unit = centred * inverse
        features = inputs.shape[-1]

        def gradient(upstream: tf.Tensor) -> tuple:
            upstream = tf.cast(upstream, tf.float32)
            ones, share = tf.ones((1, tf.shape(upstream)[0])), gain[:, tf.newaxis] / features
            product = upstream * unit
            rows = upstream * gain - tf.matmul(upstream, share) - unit * tf.matmul(product, share)
            to_sum = tf.cast(rows * inverse, inputs.dtype)
            to_scale, to_offset = tf.matmul(ones, product)[0], tf.matmul(ones, upstream)[0]
            return (
                to_sum,
                _drop(to_sum, kept, dropout),
                tf.cast(to_scale, scale.dtype),
                tf.cast(to_offset, offset.dtype),
            )

        return tf.cast(unit * gain + tf.cast(offset, tf.float32), inputs.dtype), gradient

    return normalise


def _keep_mask(shape: tf.Tensor, dropout: float, seed: Any) -> tf.Tensor:
    """Return a random mask of the values that dropout keeps. Each 64 random bits give four values of the mask."""
    count = tf.reduce_prod(shape)
    words = tf.random.stateless_uniform([-(-count // 4)], seed=seed, minval=None, maxval=None, dtype=tf.int64)
    halves = tf.reshape(tf.bitcast(words, tf.int16), [-1])[:count]
    return tf.reshape(halves, shape) >= tf.constant(round(dropout * 2**16) - 2**15, tf.int16)


def _drop(values: tf.Tensor, kept: tf.Tensor | None, dropout: float) -> tf.Tensor:
    if kept is None:
        return values
    return tf.where(kept, values * tf.constant(1.0 / (1.0 - dropout), values.dtype), tf.zeros((), values.dtype))
