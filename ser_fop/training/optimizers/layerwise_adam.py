"""Adam with a learning rate for each depth of a network."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class LayerwiseAdam(keras.optimizers.Adam):
    """Adam whose rate is scaled group by group; a scale of zero stops a group.

    The scales are variables: they can change between epochs without another trace. A stopped group's moments go
    on, so that its first step is of the usual size.

    Args:
        groups: Weights by group; those in no group have scale 1.
        scales: One a group.
        learning_rate: The rate, or a schedule, that is scaled.
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
        """Take one step of one weight at its group's rate."""
        number = self._numbers[self._get_variable_index(variable)]
        scale = ops.cast(self._scales[number], gradient.dtype)
        super().update_step(gradient, variable, ops.cast(learning_rate, gradient.dtype) * scale)
