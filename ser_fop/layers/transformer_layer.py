"""Transformer layer."""

from typing import Any, Literal

import keras

from ser_fop.layers.causal_self_attention import CausalSelfAttention
from ser_fop.layers.full_self_attention import FullSelfAttention
from ser_fop.layers.kernels import add_and_normalise


@keras.saving.register_keras_serializable("ser_fop")
class TransformerLayer(keras.layers.Layer):
    """Transformer layer: multi-head self-attention and a feed-forward layer (section 2.1.2).

    Each of the two sub-layers has a residual connection. With post-LN, layer normalisation
    follows each residual sum. With pre-LN, it precedes each sub-layer, and the layer's output is
    not normalised. Dropout is applied to the output of each sub-layer before the residual sum.
    Padding is handled as in `CausalSelfAttention`.

    Args:
        width: Width of the attention.
        heads: Number of attention heads.
        feed_forward: Inner width of the feed-forward layer.
        dropout: Dropout rate.
        attention: `causal`, or `full`: each frame attends to all valid frames.
        layer_norm: `post` (the paper's) or `pre`.

    Call arguments:
        inputs: Shape (batch, frames, features).
        mask: Shape (batch, frames), true for valid frames. Only `full` needs it.
        training: Whether dropout is active.

    Output shape:
        That of `inputs`.

    Reference:
        Lian et al. 2019, figure 2(b) (arXiv 1910.13806). Pre-LN: Xiong et al. 2020 (arXiv
        2002.04745).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feed_forward: int,
        dropout: float = 0.0,
        attention: Literal["causal", "full"] = "causal",
        layer_norm: Literal["post", "pre"] = "post",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.heads = heads
        self.feed_forward = feed_forward
        self.dropout = dropout
        self.attention_mode = attention
        self.layer_norm = layer_norm
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        features = input_shape[-1]
        policy = self.dtype_policy
        attend = FullSelfAttention if self.attention_mode == "full" else CausalSelfAttention
        self.attention = attend(self.width, self.heads, name="attention", dtype=policy)
        self.attention_dropout = keras.layers.Dropout(self.dropout, name="attention_dropout", dtype=policy)
        self.attention_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="attention_norm", dtype=policy)
        self.inner = keras.layers.Dense(self.feed_forward, activation="relu", name="inner", dtype=policy)
        self.outer = keras.layers.Dense(features, name="outer", dtype=policy)
        self.feed_forward_dropout = keras.layers.Dropout(self.dropout, name="feed_forward_dropout", dtype=policy)
        self.feed_forward_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="feed_forward_norm", dtype=policy)
        for layer in (self.attention, self.attention_norm, self.inner, self.feed_forward_norm):
            layer.build(input_shape)
        self.outer.build((*input_shape[:-1], self.feed_forward))
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        if self.layer_norm == "pre":
            attended = self._attended(self.attention_norm(inputs), mask)
            hidden = inputs + self.attention_dropout(attended, training=training)
            fed = self.outer(self.inner(self.feed_forward_norm(hidden)))
            return hidden + self.feed_forward_dropout(fed, training=training)
        hidden = add_and_normalise(
            inputs,
            self._attended(inputs, mask),
            dropout=self.attention_dropout,
            norm=self.attention_norm,
            training=training,
        )
        fed = self.outer(self.inner(hidden))
        return add_and_normalise(
            hidden, fed, dropout=self.feed_forward_dropout, norm=self.feed_forward_norm, training=training
        )

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state before the first step, of a causal layer.

        Args:
            batch: Number of streams.
            context: Number of steps to which a step attends, with itself.
        """
        return self.attention.initial_state(batch, context)

    def step(self, inputs: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """Compute the next steps of a causal layer from the state after the earlier ones.

        Args:
            inputs: Shape (batch, steps, features).
            state: Keys and values of the latest steps.
            position: Number of earlier steps, (batch,).

        Returns:
            The outputs, (batch, steps, features), and the new rows of the keys and values.
        """
        if self.layer_norm == "pre":
            attended, rows = self.attention.step(self.attention_norm(inputs), state, position)
            hidden = inputs + attended
            return hidden + self.outer(self.inner(self.feed_forward_norm(hidden))), rows
        attended, rows = self.attention.step(inputs, state, position)
        hidden = self.attention_norm(inputs + attended)
        return self.feed_forward_norm(hidden + self.outer(self.inner(hidden))), rows

    def _attended(self, hidden: Any, mask: Any) -> Any:
        return self.attention(hidden, mask=mask) if self.attention_mode == "full" else self.attention(hidden)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = {"width": self.width, "heads": self.heads, "feed_forward": self.feed_forward, "dropout": self.dropout}
        return {**super().get_config(), **config, "attention": self.attention_mode, "layer_norm": self.layer_norm}
