"""Layer of the LSTM backbone."""

from typing import Any

import keras
from keras import ops

from ser_fop.layers.kernels import add_and_normalise
from ser_fop.layers.over_steps import over_steps


@keras.saving.register_keras_serializable("ser_fop")
class RecurrentLayer(keras.layers.Layer):
    """Unidirectional LSTM with a residual connection and layer normalisation.

    The layer has as many weights as a transformer layer of the same width whose feed-forward
    layer is twice as wide.

    Args:
        width: Number of input and output features.
        dropout: Dropout rate on the LSTM's output.

    Call arguments:
        inputs: Shape (batch, frames, width).
        mask: Ignored. Padding is at the end, and the LSTM reads it last.
        training: Whether dropout is active.

    Output shape:
        That of `inputs`.

    Reference:
        Section 2.1 mentions LSTMs but not their shape. The residual connection follows the other
        backbones.
    """

    def __init__(self, width: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.dropout = dropout
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        policy = self.dtype_policy
        self.lstm = keras.layers.LSTM(self.width, return_sequences=True, name="lstm", dtype=policy)
        self.lstm_dropout = keras.layers.Dropout(self.dropout, name="lstm_dropout", dtype=policy)
        self.lstm_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="lstm_norm", dtype=policy)
        self.lstm.build(input_shape)
        self.lstm_norm.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        branch = self.lstm(inputs, mask=None)
        return add_and_normalise(inputs, branch, dropout=self.lstm_dropout, norm=self.lstm_norm, training=training)

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state before the first step.

        Args:
            batch: Number of streams.
            context: Ignored: an LSTM looks back without a limit.
        """
        empty = ops.zeros((batch, self.width), dtype=self.compute_dtype)
        return {"hidden": empty, "cell": empty}

    def step(self, inputs: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """Compute the next steps from the state after the earlier ones.

        Args:
            inputs: Shape (batch, steps, width).
            state: Hidden and cell state of the LSTM, (batch, width) each.
            position: Ignored.

        Returns:
            The outputs, (batch, steps, width), equal to those of `call`, and the new state.
        """
        branch, (hidden, cell) = over_steps(self.lstm.cell, inputs, [state["hidden"], state["cell"]])
        return self.lstm_norm(inputs + branch), {"hidden": hidden, "cell": cell}

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "dropout": self.dropout}
