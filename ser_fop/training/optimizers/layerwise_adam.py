"""Adam with a separate learning rate for each group of layers."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class LayerwiseAdam(keras.optimizers.Adam):
    """Adam that scales the learning rate of each group of weights; a scale of 0 freezes the group.

    The scales are variables, so that they can change between epochs without a new trace. The moments of a frozen group
    are still updated; its first step after unfreezing therefore has the usual size.

    Args:
        groups: Weights of each group. Weights in no group have scale 1.
        scales: Scale of each group.
        learning_rate: The learning rate, or its schedule.
        **kwargs: Further arguments of `keras.optimizers.Adam`.
    """

    def __init__(
        self, groups: Sequence[Sequence[keras.Variable]], scales: Sequence[float], learning_rate: Any, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._group_of = {weight.path: number for number, group in enumerate(groups, 1) for weight in group}
        self._numbers: list[int] = []
        self._scales = keras.Variable([1.0, *scales], trainable=False, dtype="float32", name="scales")

    @property
    def scales(self) -> list[float]:
        """The scale of each group."""
        return [float(value) for value in ops.convert_to_numpy(self._scales)[1:]]

    @scales.setter
    def scales(self, values: Sequence[float]) -> None:
        self._scales.assign([1.0, *values])

    def build(self, variables: list[keras.Variable]) -> None:
        self._numbers = [self._group_of.get(variable.path, 0) for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one weight with the learning rate of its group."""
        number = self._numbers[self._get_variable_index(variable)]
        scale = ops.cast(self._scales[number], gradient.dtype)
        super().update_step(gradient, variable, ops.cast(learning_rate, gradient.dtype) * scale)
