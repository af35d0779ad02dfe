"""The attention LSTM (A-LSTM) on the frames of a frozen backbone."""

from typing import Any

import keras

from ser_fop.config.feature_names import check_feature, feature_names
from ser_fop.layers.attention_pooling import AttentionPooling
from ser_fop.models.backbone import Backbone
from ser_fop.models.hypercolumns import hypercolumns


@keras.saving.register_keras_serializable("ser_fop")
class AttentionLSTM(keras.Model):
    """An LSTM on one feature of a frozen backbone, followed by attention pooling and a projection.

    The backbone's weights are not trained and its dropout is inactive, so that the LSTM reads
    the same features as `extract` writes.

    Args:
        backbone: Network that computes the feature. Its weights become non-trainable.
        classes: Number of emotions.
        feature: F, h1..hL, h_add or h_concat.
        units: Units of the LSTM; with 0, the feature is pooled directly, without an LSTM.
        dropout: Dropout rate on the feature and on the pooled vector.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, classes), logits.

    Reference:
        Huang and Narayanan 2016, the paper's reference 17.
    """

    def __init__(
        self, backbone: Backbone, classes: int, *, feature: str, units: int = 128, dropout: float = 0.2, **kwargs: Any
    ) -> None:
        check_feature(feature, feature_names(backbone.config))
        inputs = {
            name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
            for name, tensor in backbone.inputs_by_name().items()
        }
        extractor = _WithoutDropout(
            inputs=backbone.inputs_by_name(), outputs=hypercolumns(backbone)[feature], name="frozen"
        )
        backbone.trainable = False  # also the layers above `feature`, which are not part of the extractor
        frames = keras.layers.Dropout(dropout, name="feature_dropout")(extractor(inputs))
        # No mask for the LSTM: padding is at the end, so real frames do not depend on it. Pooling masks it.
        states = keras.layers.LSTM(units, return_sequences=True, name="lstm")(frames) if units else frames
        pooled = AttentionPooling(name="pooling")(states, mask=backbone.step_mask(inputs["mask"]))
        logits = keras.layers.Dense(classes, name="emotion")(
            keras.layers.Dropout(dropout, name="pooled_dropout")(pooled)
        )
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.backbone = backbone
        self.classes = classes
        self.feature = feature
        self.units = units
        self.dropout = dropout

    def get_config(self) -> dict[str, Any]:
        return {
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "classes": self.classes,
            "feature": self.feature,
            "units": self.units,
            "dropout": self.dropout,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AttentionLSTM":
        backbone = keras.saving.deserialize_keras_object(config["backbone"], custom_objects=custom_objects)
        return cls(**{**config, "backbone": backbone})


class _WithoutDropout(keras.Model):
    """A network whose dropout is always inactive.

    `network(inputs, training=False)` is not enough: a functional model overrides this
    argument with its own `training` when it calls its layers.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False, mask=mask)
