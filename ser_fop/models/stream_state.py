"""States of streams between the steps of a network."""

from collections.abc import Mapping
from typing import Any

from keras import ops

# States that hold the rows of the latest steps, (batch, heads, context, size): step n has place n modulo the context.
RINGS = ("keys", "values")
POSITION = "position"


def updated_state(state: Mapping[str, Any], update: Mapping[str, Any], position: Any = None) -> dict[str, Any]:
    """Return the state after a step.

    Args:
        state: The state before the step; nested.
        update: What the step has returned, with the same names: the row to write of each ring, and the new value of all
            else.
        position: Number of earlier steps, (batch,), where `state` does not hold it.
    """
    position = state.get(POSITION, position)
    return {name: _updated(name, state[name], value, position) for name, value in update.items()}


def _updated(name: str, before: Any, value: Any, position: Any) -> Any:
    if isinstance(value, Mapping):
        return updated_state(before, value, position)
    if name not in RINGS:
        return value
    context = before.shape[2]
    is_new = ops.arange(context) == ops.expand_dims(position % context, 1)
    return ops.where(ops.reshape(is_new, (-1, 1, context, 1)), value, before)
