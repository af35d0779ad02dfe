"""Compiled networks kept for the next run that needs an equal one: a trace takes seconds, a fold may take no more."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import keras
import msgspec
import numpy as np

_MOST_KEPT = 16
_cache: OrderedDict[bytes, tuple[keras.Model, list[np.ndarray]]] = OrderedDict()


def get_or_compile(fresh: keras.Model, compile_network: Callable[[keras.Model], None], **key: Any) -> keras.Model:
    """Return a compiled network that is as `fresh` would be, compiled: weights, seeds and optimizer.

    Args:
        fresh: The network as it is to start.
        compile_network: Compiles it; called for the first of a key alone.
        **key: All that the compiled steps depend on: sizes, optimizer, loss, precision.

    Returns:
        `fresh`, or an earlier network of the key that has taken its place. The earlier one's run must have ended.
    """
    name = msgspec.json.encode(key, order="deterministic")
    if name not in _cache:
        compile_network(fresh)
        if fresh.optimizer is not None and fresh.trainable_variables:
            fresh.optimizer.build(fresh.trainable_variables)
        _cache[name] = (fresh, [np.array(variable) for variable in _optimizer_variables(fresh)])
        while len(_cache) > _MOST_KEPT:
            _cache.popitem(last=False)
        return fresh
    network, start = _cache[name]
    _cache.move_to_end(name)
    for mine, value in zip(network.variables, fresh.variables, strict=True):
        mine.assign(value)
    for mine, value in zip(_optimizer_variables(network), start, strict=True):
        mine.assign(value)
    return network


def forget() -> None:
    """Let go of all of them."""
    _cache.clear()


def _optimizer_variables(network: keras.Model) -> list[keras.Variable]:
    return list(network.optimizer.variables) if network.optimizer is not None else []
