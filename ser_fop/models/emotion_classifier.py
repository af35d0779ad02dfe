"""The network for fine-tuning: a backbone, global average pooling (GAP) and a projection (equation 6)."""

from typing import Any

import keras
from keras import ops

from ser_fop.layers.attention_pooling import AttentionPooling
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.backbone import Backbone


@keras.saving.register_keras_serializable("ser_fop")
class EmotionClassifier(keras.Model):
    """A network that maps the log-mels of an utterance to one logit per class: GAP(h_L) W_y.

    Args:
        backbone: Backbone with pretrained or new weights.
        classes: Number of emotions.
        pooling: `mean` (equation 6), `mean_std` or `attentive`.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, classes), logits. Their softmax is P(y | F).
    """

    def __init__(self, backbone: Backbone, classes: int, *, pooling: str = "mean", **kwargs: Any) -> None:
        inputs = backbone.inputs_by_name()
        # Sums over hundreds of frames, and the loss, need float32 even if the backbone uses bfloat16.
        if pooling == "attentive":
            pool = AttentionPooling(name="pooling", dtype="float32")
        else:
            pool = MaskedPooling(pooling, name="pooling", dtype="float32")
        pooled = pool(backbone.last, mask=backbone.step_mask(inputs["mask"]))
        # Equation 6 has no bias.
        logits = keras.layers.Dense(classes, use_bias=False, name="emotion", dtype="float32")(pooled)
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.backbone = backbone
        self.classes = classes
        self.pooling = pooling

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state of streams before their first step.

        Args:
            batch: Number of streams.
            context: Number of steps to which a transformer attends.

        Raises:
            InputError: If the backbone is not causal.
        """
        pooled = self.get_layer("pooling").initial_state(batch, self.backbone.last.shape[-1])
        return {"backbone": self.backbone.initial_state(batch, context), "pooling": pooled}

    def step(self, mel: Any, mask: Any, state: dict[str, Any], *, keep: Any = 1.0) -> tuple[Any, dict[str, Any]]:
        """Compute the logits of streams after each of the next steps.

        Args:
            mel: Raw log-mels of the frames of whole steps, (batch, steps * stacked_frames, mels).
            mask: True on real frames, (batch, steps * stacked_frames).
            state: The state after the earlier steps, from `initial_state`.
            keep: Weight of the earlier steps in the pooling; below 1, old steps are forgotten.

        Returns:
            The logits, (batch, steps, classes), which equal those of the utterance so far, and what changes in the state,
            for `updated_state`.
        """
        hidden, backbone = self.backbone.step(mel, mask, state["backbone"])
        last = ops.cast(hidden[f"h{self.backbone.config.layers}"], "float32")
        pooled, pooling = self.get_layer("pooling").step(last, state["pooling"], keep=keep)
        return self.get_layer("emotion")(pooled), {"backbone": backbone, "pooling": pooling}

    def get_config(self) -> dict[str, Any]:
        return {
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "classes": self.classes,
            "pooling": self.pooling,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "EmotionClassifier":
        backbone = keras.saving.deserialize_keras_object(config["backbone"], custom_objects=custom_objects)
        return cls(**{**config, "backbone": backbone})

    def layer_groups(self) -> list[list[keras.layers.Layer]]:
        """Return the trainable layers in groups of equal depth, from the head to the input."""
        below = [layer for layer in self.backbone.layers if layer.trainable_weights]
        above = [layer for layer in self.layers if layer.name in ("pooling", "emotion")]
        return [above, *([layer] for layer in reversed(below))]
