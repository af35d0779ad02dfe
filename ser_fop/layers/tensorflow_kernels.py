"""What only TensorFlow can do: the kernels behind the layers' interfaces on that backend.

The `keras.ops` versions in the layers are the reference: tests hold both together.
"""

from typing import Any

import tensorflow as tf

# More blocks skip more of the upper triangle (four leave 62 % of it to compute), and run more, smaller products.
_BLOCKS = 4


def causal_attention(projected: Any, heads: int) -> Any:
    """Attend under a causal mask, in blocks of rows that look at no later key.

    TensorFlow has no fused attention: the plain form keeps several tensors of
    (batch, heads, frames, frames) for the backward pass. Here one block is in memory at
    a time, and the backward pass computes its weights again.

    Args:
        projected: Queries, keys and values side by side, (batch, frames, 3 width).
        heads: Number of heads.

    Returns:
        Attended values, (batch, frames, width).
    """
    return _attention(heads)(projected)


def add_and_normalise(
    inputs: Any, branch: Any, scale: Any, offset: Any, *, epsilon: float, dropout: float, seed: Any = None
) -> Any:
    """Return `LayerNormalization(inputs + Dropout(branch))` in half as many passes over memory.

    Row sums and column sums of the backward pass are products with vectors, and one random number of 16 bits decides
    on each value: that rounds the dropout rate to a multiple of 2**-16.

    Args:
        inputs: The residual stream, (batch, frames, features).
        branch: The sub-layer's output, of the same shape.
        scale: Gain of the normalisation, (features,).
        offset: Offset of the normalisation, (features,).
        epsilon: Added to the variance.
        dropout: Share of `branch` to drop; 0 for none.
        seed: Two integers, for dropout.

    Returns:
        The normalised sum, of the shape and type of `inputs`; its statistics are float32.
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
            with tf.control_dependencies(outputs[-1:]):  # one block's scores in memory at a time
                outputs.append(tf.matmul(_weights(query, key, start, end), value[:, :, :end]))
        output = _merge_heads(tf.concat(outputs, axis=2))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return _attention_gradient(query, key, value, output, upstream, blocks)

        return output, gradient

    return attend


def _attention_gradient(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, output: tf.Tensor, upstream: tf.Tensor, blocks: list
) -> tf.Tensor:
    """Return the gradient of the projection, (batch, frames, 3 width)."""
    heads, width = query.shape[1], query.shape[3]
    by_head = (-1, tf.shape(query)[2], heads, width)
    # Softmax's gradient subtracts each row's sum; a further column in the product does it without a pass of its own.
    row_sum = tf.reduce_sum(tf.reshape(upstream * output, by_head), axis=-1, keepdims=True)
    upstream = tf.transpose(tf.reshape(upstream, by_head), (0, 2, 1, 3))
    upstream_and_sum = tf.concat([upstream, -tf.transpose(row_sum, (0, 2, 1, 3))], axis=-1)
    value_and_one = tf.concat([value, tf.ones_like(value[..., :1])], axis=-1)
    to_query: list[tf.Tensor] = []
    to_key = to_value = tf.zeros_like(key[:, :, :0])
    for start, end in blocks:
        with tf.control_dependencies([*to_query[-1:], to_key, to_value]):  # one block at a time, as forward
            weights = _weights(query, key, start, end)
            centred = tf.matmul(upstream_and_sum[:, :, start:end], value_and_one[:, :, :end], transpose_b=True)
            to_scores = weights * centred
            to_query.append(tf.matmul(to_scores, key[:, :, :end]))
            to_key = _longer(to_key, tf.matmul(to_scores, query[:, :, start:end], transpose_a=True))
            to_value = _longer(to_value, tf.matmul(weights, upstream[:, :, start:end], transpose_a=True))
    scale = tf.constant(width**-0.5, query.dtype)  # `query` carries it already
    return tf.concat([_merge_heads(part) for part in (tf.concat(to_query, axis=2) * scale, to_key, to_value)], axis=-1)


def _longer(total: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
    """Add a sum over the first frames to one over as many frames or more."""
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
    """Return start and end of each block of rows; the last ones are empty where there are few frames."""
    size = (frames + _BLOCKS - 1) // _BLOCKS  # ONNX divides towards zero: nothing negative here
    return [(tf.minimum(size * block, frames), tf.minimum(size * (block + 1), frames)) for block in range(_BLOCKS)]


def _weights(query: tf.Tensor, key: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Return the attention weights of the rows [start, end), (batch, heads, rows, end)."""
    scores = tf.matmul(query[:, :, start:end], key[:, :, :end], transpose_b=True)
    past = tf.range(end)[tf.newaxis, :] <= tf.range(start, end)[:, tf.newaxis]
    return tf.nn.softmax(scores + tf.where(past, tf.zeros((), scores.dtype), scores.dtype.min / 2))


def _sum_and_norm(epsilon: float, dropout: float, seed: Any) -> Any:
    @tf.custom_gradient
    def normalise(inputs: tf.Tensor, branch: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tuple:
        kept = _kept(tf.shape(branch), dropout, seed) if dropout else None
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


def _kept(shape: tf.Tensor, dropout: float, seed: Any) -> tf.Tensor:
    """Draw which values dropout keeps: four decisions from each 64 random bits."""
    count = tf.reduce_prod(shape)
    words = tf.random.stateless_uniform([-(-count // 4)], seed=seed, minval=None, maxval=None, dtype=tf.int64)
    halves = tf.reshape(tf.bitcast(words, tf.int16), [-1])[:count]
    return tf.reshape(halves, shape) >= tf.constant(round(dropout * 2**16) - 2**15, tf.int16)


def _drop(values: tf.Tensor, kept: tf.Tensor | None, dropout: float) -> tf.Tensor:
    if kept is None:
        return values
    return tf.where(kept, values * tf.constant(1.0 / (1.0 - dropout), values.dtype), tf.zeros((), values.dtype))
