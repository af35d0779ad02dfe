"""States of streams between the steps of a network."""

from collections.abc import Mapping
from typing import Any

from keras import ops

# States that hold the rows of the latest steps, (batch, heads, context, size): step n has place n modulo the context.
RINGS = ("keys", "values")
POSITION = "position"


def updated_state(state: Mapping[str, Any], update: Mapping[str, Any], position: Any = None) -> dict[str, Any]:
    """Return the state after one or more steps.

    Args:
        state: The state before the steps; nested.
        update: What the steps have returned, with the same names: the rows to write into each ring, and the new value
            of all else.
        position: Number of earlier steps, (batch,), where `state` does not hold it.
    """
    position = state.get(POSITION, position)
    return {name: _updated(name, state[name], value, position) for name, value in update.items()}


def _updated(name: str, before: Any, value: Any, position: Any) -> Any:
    if isinstance(value, Mapping):
        return updated_state(before, value, position)
    if name not in RINGS:
        return value
    context, steps = before.shape[2], value.shape[2]
    # Of no negative number, which not every runtime takes alike: (batch, context).
    row_of = (ops.arange(context) + context - ops.expand_dims(position % context, 1)) % context
    row_of = ops.reshape(row_of, (-1, 1, context, 1))
    rows = ops.matmul(ops.cast(row_of == ops.arange(steps), value.dtype), value)
    return ops.where(row_of < steps, rows, before)
