"""One layer of the LSTM backbone."""

from typing import Any

import keras

from ser_fop.layers.kernels import add_and_normalise


@keras.saving.register_keras_serializable("ser_fop")
class RecurrentLayer(keras.layers.Layer):
    """An LSTM that reads forward, a residual connection, layer normalisation.

    It has as many weights as an attention layer of the same width whose feed-forward layer
    is twice as wide.

    Args:
        width: Features, in and out.
        dropout: Dropout rate on the LSTM's output.

    Call arguments:
        inputs: Shape (batch, frames, width).
        mask: Ignored: padding stands at the end, which is read last.
        training: Whether dropout acts.

    Output shape:
        That of `inputs`.

    Reference:
        Section 2.1 names LSTMs without their shape; residual as in the layers beside it.
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
        read = self.lstm(inputs, mask=None)
        return add_and_normalise(inputs, read, dropout=self.lstm_dropout, norm=self.lstm_norm, training=training)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "dropout": self.dropout}
