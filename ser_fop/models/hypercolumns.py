"""Hypercolumns: the hidden states of all layers as features F, h1..hL, h_add and h_concat (equations 7 and 8)."""

from typing import Any

from keras import ops

from ser_fop.models.backbone import Backbone


def hypercolumns(backbone: Backbone) -> dict[str, Any]:
    """Return all features of a backbone as symbolic outputs, (batch, steps, width).

    `h_concat` is the concatenation of F and all hidden states. `h_add` is F plus all hidden
    states if their widths are equal (`residual_width` is `input`, equation 7 as written).
    With `residual_width` `model`, `h_add` is the embedding W_e f plus all hidden states.

    Args:
        backbone: The backbone.

    Returns:
        The symbolic outputs by feature name.
    """
    states = backbone.hidden_states
    layers = [states[f"h{number}"] for number in range(1, backbone.config.layers + 1)]
    base = states["F"] if backbone.config.residual_width == "input" else states["embedding"]
    # Not a chain of additions: it would be merged with the additions of the layers, in an order that varies by run.
    total = ops.sum(ops.stack([base, *layers]), axis=0)
    named = {"F": states["F"]}
    named |= {f"h{number}": hidden for number, hidden in enumerate(layers, start=1)}
    return {**named, "h_add": total, "h_concat": ops.concatenate([states["F"], *layers], axis=-1)}
