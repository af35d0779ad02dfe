"""Operations and bytes of a training step, part by part: what the roofline divides by."""

from dataclasses import dataclass

from ser_fop.config.settings import ModelConfig


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a training step, forward and backward.

    Attributes:
        name: Its name.
        operations: Multiplications and additions.
        bytes: What has to be read and written at least.
    """

    name: str
    operations: float
    bytes: float


def step_costs(config: ModelConfig, *, mels: int, batch: int, frames: int, value_bytes: int) -> list[Part]:
    """Return the parts of a step; a backward pass costs two products for each one forward.

    Args:
        config: Size of the network (`residual_width` is `model`).
        mels: Mel bands.
        batch: Utterances.
        frames: Frames of each.
        value_bytes: 4 for float32, 2 for bfloat16.
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
    # Queries, keys, values and the output, there and back; the scores need not leave the cache.
    attention_moved = config.layers * 3 * 4 * rows * width * value_bytes
    # Two sums with dropout and normalisation a layer: read two, write one; back, read two and write two.
    norms = config.layers * 2 * rows * width
    return [
        Part(name="dense products", operations=products, bytes=moved),
        Part(name="causal attention", operations=attention, bytes=attention_moved),
        Part(name="dropout, sums, norms", operations=30 * norms, bytes=7 * norms * value_bytes),
    ]
