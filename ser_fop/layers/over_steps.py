"""Steps of a layer that has to take them one after another."""

from collections.abc import Callable
from typing import Any

from keras import ops


def over_steps(step_fn: Callable[[Any, Any], tuple[Any, Any]], inputs: Any, state: Any) -> tuple[Any, Any]:
    """Apply a function to each step, and hand its state on to the next one.

    Args:
        step_fn: Maps the features of one step, (batch, features), and a state to an output and the new state.
        inputs: Shape (batch, steps, features), with a known number of steps.
        state: The state before the first step.

    Returns:
        The outputs, (batch, steps, ...), and the state after the last step.
    """
    outputs = []
    for number in range(inputs.shape[1]):
        output, state = step_fn(inputs[:, number], state)
        outputs.append(output)
    return ops.stack(outputs, axis=1), state
