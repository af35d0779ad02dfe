"""Adam that tells how large its gradients are."""

from typing import Any

import keras
from keras import ops


class GradientNormAdam(keras.optimizers.Adam):
    """Adam that keeps the sum of the gradients' norms since it was last asked.

    The norm is that of all gradients together, before any clipping: a training whose norm
    explodes is seen to do so.

    Args:
        learning_rate: The rate, or a schedule.
        **kwargs: As of `keras.optimizers.Adam`.
    """

    def build(self, variables: list[keras.Variable]) -> None:
        """Make Adam's moments, and what the norms are summed in."""
        if self.built:
            return
        super().build(variables)
        self._norms = self.add_variable(shape=(), dtype="float32", name="gradient_norms")
        self._steps = self.add_variable(shape=(), dtype="float32", name="gradient_steps")

    def apply(self, grads: list[Any], trainable_variables: list[keras.Variable] | None = None) -> Any:
        """Note the norm, and take the step."""
        squares = [ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in grads if gradient is not None]
        if trainable_variables is not None and not self.built:
            self.build(trainable_variables)
        self._norms.assign_add(ops.sqrt(sum(squares)))
        self._steps.assign_add(1.0)
        return super().apply(grads, trainable_variables)

    def mean_norm(self) -> float:
        """Return the mean norm of the steps since the last call, and forget them."""
        steps = float(ops.convert_to_numpy(self._steps))
        found = float(ops.convert_to_numpy(self._norms)) / max(steps, 1.0)
        self._norms.assign(0.0)
        self._steps.assign(0.0)
        return found
