"""Levels of a backbone as features: F, h1..hL, h_add and h_concat (equations 7 and 8)."""

from typing import Any

from keras import ops

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError, closest
from ser_fop.models.backbone import Backbone


def feature_names(config: ModelConfig) -> tuple[str, ...]:
    """Return the names of the features that a backbone of this size has."""
    return ("F", *(f"h{number}" for number in range(1, config.layers + 1)), "h_add", "h_concat")


def check_feature(feature: str, names: tuple[str, ...]) -> str:
    """Return `feature`, or raise `InputError` naming the closest of `names`."""
    if feature not in names:
        raise InputError(f"unknown feature {feature!r}: expected one of {', '.join(names)}.{closest(feature, names)}")
    return feature


def hypercolumns(backbone: Backbone) -> dict[str, Any]:
    """Return every feature of a backbone as a symbolic output, (batch, frames, width).

    `h_concat` joins F and all hidden states. `h_add` is F plus all hidden states where
    the widths agree (`residual_width` is `input`, equation 7 as written), and the embedded W_e f
    plus all hidden states where they do not (`residual_width` is `model`).

    Args:
        backbone: The network.
    """
    states = backbone.hidden_states
    layers = [states[f"h{number}"] for number in range(1, backbone.config.layers + 1)]
    base = states["F"] if backbone.config.residual_width == "input" else states["embedding"]
    # A chain of additions would be joined with those inside the layers, in an order that differs from run to run.
    total = ops.sum(ops.stack([base, *layers]), axis=0)
    named = {"F": states["F"]}
    named |= {f"h{number}": hidden for number, hidden in enumerate(layers, start=1)}
    return {**named, "h_add": total, "h_concat": ops.concatenate([states["F"], *layers], axis=-1)}
