"""Adam that records the norm of its gradients."""

from typing import Any

import keras
from keras import ops


class GradientNormAdam(keras.optimizers.Adam):
    """Adam that records the mean norm of the gradients between two calls of `mean_norm`.

    The norm is the global norm of all gradients before clipping, so that exploding gradients stay visible.

    Args:
        learning_rate: The learning rate, or its schedule.
        **kwargs: Further arguments of `keras.optimizers.Adam`.
    """

    def build(self, variables: list[keras.Variable]) -> None:
        """Create Adam's moments, and the variables of the norm."""
        if self.built:
            return
        super().build(variables)
        self._norms = self.add_variable(shape=(), dtype="float32", name="gradient_norms")
        self._steps = self.add_variable(shape=(), dtype="float32", name="gradient_steps")

    def apply(self, grads: list[Any], trainable_variables: list[keras.Variable] | None = None) -> Any:
        """Add the norm of the gradients to the sum, and update the weights."""
        squares = [ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in grads if gradient is not None]
        if trainable_variables is not None and not self.built:
            self.build(trainable_variables)
        self._norms.assign_add(ops.sqrt(sum(squares)))
        self._steps.assign_add(1.0)
        return super().apply(grads, trainable_variables)

    def mean_norm(self) -> float:
        """Return the mean norm over the steps since the last call, and reset it."""
        steps = float(ops.convert_to_numpy(self._steps))
        found = float(ops.convert_to_numpy(self._norms)) / max(steps, 1.0)
        self._norms.assign(0.0)
        self._steps.assign(0.0)
        return found
