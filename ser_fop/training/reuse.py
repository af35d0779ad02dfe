"""Cache of compiled networks. Tracing takes seconds, which can be as long as the training of a fold."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import keras
import msgspec
import numpy as np

from ser_fop.training.optimizers.cosine_schedule import CosineSchedule

_MOST_KEPT = 16
_cache: OrderedDict[bytes, tuple[keras.Model, list[np.ndarray]]] = OrderedDict()


def get_or_compile(
    fresh: keras.Model, compile_network: Callable[[keras.Model], None], *, rate: Any = None, **key: Any
) -> keras.Model:
    """Return a compiled network with the weights and seeds of `fresh` and the initial state of the optimizer.

    Args:
        fresh: The new network with its initial weights.
        compile_network: Function that compiles a network; called only for the first network of a key.
        rate: The learning rate or its schedule, which a cached network takes over. The key contains its `schedule_key`.
        **key: Values that the compiled steps depend on, such as sizes, optimizer, loss and precision.

    Returns:
        `fresh` for the first network of a key. Afterwards the cached network, with all variables reset; the training
        that used it before must have ended.
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
    for variable, value in zip(network.variables, fresh.variables, strict=True):
        variable.assign(value)
    for variable, value in zip(_optimizer_variables(network), start, strict=True):
        variable.assign(value)
    if keras.backend.backend() == "tensorflow":  # elsewhere the key contains the whole schedule
        if isinstance(rate, CosineSchedule):
            network.optimizer._learning_rate.copy_steps(rate)
        elif rate is not None and not _is_schedule(rate):
            network.optimizer.learning_rate = rate
    return network


def schedule_key(rate: Any) -> Any:
    """Return what a traced step contains of a learning rate; it reads the rest from variables.

    Args:
        rate: The learning rate, or its schedule.
    """
    if keras.backend.backend() != "tensorflow":  # other traces contain the values of such variables
        return rate.get_config() if _is_schedule(rate) else rate
    if isinstance(rate, CosineSchedule):
        return {"rate": rate.rate, "warms_up": rate.warmup_target is not None}
    return rate.get_config() if _is_schedule(rate) else "variable"


def _is_schedule(rate: Any) -> bool:
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def forget() -> None:
    """Empty the cache."""
    _cache.clear()


def _optimizer_variables(network: keras.Model) -> list[keras.Variable]:
    return list(network.optimizer.variables) if network.optimizer is not None else []
