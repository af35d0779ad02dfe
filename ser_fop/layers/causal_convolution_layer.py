"""Layer of the CNN backbone."""

from typing import Any

import keras
from keras import ops

from ser_fop.layers.kernels import add_and_normalise


@keras.saving.register_keras_serializable("ser_fop")
class CausalConvolutionLayer(keras.layers.Layer):
    """Causal convolution over time with a residual connection and layer normalisation.

    With a kernel length of 8, the layer has as many weights as a transformer layer of the same
    width whose feed-forward layer is twice as wide.

    Args:
        width: Number of input and output features.
        kernel: Kernel length, in steps.
        dilation: Dilation of the kernel, in steps.
        dropout: Dropout rate on the convolution's output.

    Call arguments:
        inputs: Shape (batch, frames, width).
        mask: Ignored. Padding is at the end, and a causal convolution reads no later frame.
        training: Whether dropout is active.

    Output shape:
        That of `inputs`.

    Reference:
        Section 2.1 mentions CNNs but not their shape. The dilation follows van den Oord et al.
        2016 (WaveNet).
    """

    def __init__(self, width: int, kernel: int, dilation: int = 1, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.kernel = kernel
        self.dilation = dilation
        self.dropout = dropout
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        policy = self.dtype_policy
        self.convolution = keras.layers.Conv1D(
            self.width,
            self.kernel,
            padding="causal",
            dilation_rate=self.dilation,
            activation="relu",
            name="convolution",
            dtype=policy,
        )
        self.convolution_dropout = keras.layers.Dropout(self.dropout, name="convolution_dropout", dtype=policy)
        self.convolution_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="convolution_norm", dtype=policy)
        self.convolution.build(input_shape)
        self.convolution_norm.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        return add_and_normalise(
            inputs,
            self.convolution(inputs),
            dropout=self.convolution_dropout,
            norm=self.convolution_norm,
            training=training,
        )

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state before the first step.

        Args:
            batch: Number of streams.
            context: Ignored: the kernel alone determines how far a step looks back.
        """
        tail = (self.kernel - 1) * self.dilation
        return {"tail": ops.zeros((batch, tail, self.width), dtype=self.compute_dtype)}

    def step(self, inputs: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """Compute the next steps from the state after the earlier ones.

        Args:
            inputs: Shape (batch, steps, width).
            state: Inputs of the latest steps, (batch, steps, width).
            position: Ignored.

        Returns:
            The outputs, (batch, steps, width), equal to those of `call`, and the new state.
        """
        steps = inputs.shape[1]
        heard = ops.concatenate([state["tail"], inputs], axis=1)
        places = range(0, self.kernel * self.dilation, self.dilation)
        taps = ops.concatenate([heard[:, place : place + steps] for place in places], axis=-1)
        weights = ops.reshape(self.convolution.kernel, (self.kernel * self.width, self.width))
        branch = ops.relu(ops.matmul(taps, ops.cast(weights, taps.dtype)) + ops.cast(self.convolution.bias, taps.dtype))
        return self.convolution_norm(inputs + branch), {"tail": heard[:, steps:]}

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = {"width": self.width, "kernel": self.kernel, "dilation": self.dilation, "dropout": self.dropout}
        return {**super().get_config(), **config}
