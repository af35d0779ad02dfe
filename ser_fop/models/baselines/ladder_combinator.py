"""What a ladder network takes noise away with."""

from typing import Any

import keras
from keras import ops

# Of the ten weights of a unit: these two begin at 1, the others at 0, so that at first nothing is given back.
_SLOPES = (1, 6)


@keras.saving.register_keras_serializable("ser_fop")
class LadderCombinator(keras.layers.Layer):
    """Guesses clean values from noisy ones and from what is known above them.

    Each unit, by itself: (noisy - m) v + m, where m and v follow what lies above, u, as
    a_1 sigmoid(a_2 u + a_3) + a_4 u + a_5.

    Call arguments:
        noisy: Shape (.., features), the lateral connection.
        above: The same shape, or one that broadcasts to it.

    Output shape:
        That of `noisy`.

    Reference:
        Rasmus et al. 2015, "Semi-supervised learning with ladder networks" (arXiv 1507.02672), the paper's reference 16.
    """

    def build(self, noisy_shape: tuple, above_shape: tuple | None = None) -> None:
        def start(shape: tuple, dtype: Any = None) -> Any:
            ones = ops.one_hot(ops.convert_to_tensor(_SLOPES), shape[0], dtype=dtype)
            return ops.sum(ones, axis=0)[:, None] * ops.ones(shape, dtype=dtype)

        self.slopes = self.add_weight(shape=(10, noisy_shape[-1]), initializer=start, name="slopes")
        super().build(noisy_shape)

    def call(self, noisy: Any, above: Any) -> Any:
        a = [self.slopes[number] for number in range(10)]
        mean = a[0] * ops.sigmoid(a[1] * above + a[2]) + a[3] * above + a[4]
        share = a[5] * ops.sigmoid(a[6] * above + a[7]) + a[8] * above + a[9]
        return (noisy - mean) * share + mean

    def compute_output_shape(self, noisy_shape: tuple, above_shape: tuple) -> tuple:
        return noisy_shape
