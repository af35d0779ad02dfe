"""Operations and bytes of each part of a training step, for the roofline."""

from dataclasses import dataclass

from ser_fop.config.settings import ModelConfig


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a training step, forward and backward.

    Attributes:
        name: Name of the part.
        operations: Number of multiplications and additions.
        bytes: Least number of bytes to read and write.
    """

    name: str
    operations: float
    bytes: float


def step_costs(config: ModelConfig, *, mels: int, batch: int, frames: int, value_bytes: int) -> list[Part]:
    """Return the parts of a step; the backward pass has two products for each forward product.

    Args:
        config: Size of the network (`residual_width` is `model`).
        mels: Number of mel bands.
        batch: Number of utterances.
        frames: Number of frames per utterance.
        value_bytes: Bytes per value: 4 for float32, 2 for bfloat16.
    """
    rows, width, inner = batch * frames, config.d_model, config.feed_forward
    dense = [(mels, width, 2), (width, mels, 3)]  # the embedding's input needs no gradient
    for _ in range(config.layers):
        dense += [(width, 3 * width, 3), (width, width, 3), (width, inner, 3), (inner, width, 3)]
    products = sum(2 * rows * into * out * passes for into, out, passes in dense)
    moved = sum(rows * (into + out) * value_bytes * passes for into, out, passes in dense)
    # Two products forward and four backward over the lower triangle, which is half the square and the diagonal.
    pairs = batch * frames * (frames + 1) / 2
    attention = config.layers * 6 * 2 * pairs * width
    # Queries, keys, values and the output, forward and backward; the scores can stay in the cache.
    attention_moved = config.layers * 3 * 4 * rows * width * value_bytes
    # Each layer has two sums with dropout and normalisation: forward reads two and writes one array, backward reads two
    # and writes two.
    norms = config.layers * 2 * rows * width
    return [
        Part(name="dense products", operations=products, bytes=moved),
        Part(name="causal attention", operations=attention, bytes=attention_moved),
        Part(name="dropout, sums, norms", operations=30 * norms, bytes=7 * norms * value_bytes),
    ]
