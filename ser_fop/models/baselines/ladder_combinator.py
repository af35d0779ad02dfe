"""The combinator function of ladder networks, which denoises one layer."""

from typing import Any

import keras
from keras import ops

# Each unit has ten weights. These two start at 1 and the others at 0.
_SLOPES = (1, 6)


@keras.saving.register_keras_serializable("ser_fop")
class LadderCombinator(keras.layers.Layer):
    """Estimate clean values from noisy values and from the layer above.

    Each unit computes (noisy - m) v + m. Both m and v are functions of the value u of the layer
    above, with separate weights: a_1 sigmoid(a_2 u + a_3) + a_4 u + a_5.

    Call arguments:
        noisy: Values of the lateral connection, (.., features).
        above: Values of the layer above, of the same shape or broadcastable to it.

    Output shape:
        That of `noisy`.

    Reference:
        Rasmus et al. 2015, "Semi-supervised learning with ladder networks" (arXiv 1507.02672), the
        paper's reference 16.
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
