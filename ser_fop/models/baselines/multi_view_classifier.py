"""An emotion classifier that also learns arousal and valence."""

from typing import Any

import keras

from ser_fop.corpora.schema import DIMENSIONAL_LABELS
from ser_fop.models.baselines.dimensional_loss_layer import DimensionalLossLayer
from ser_fop.models.emotion_classifier import EmotionClassifier


@keras.saving.register_keras_serializable("ser_fop")
class MultiViewClassifier(keras.Model):
    """A classifier whose utterance vector must also tell how aroused and how pleased a speaker is.

    A linear map of the vector predicts both; what answers later is `classifier`, without it.

    Args:
        classifier: The classifier.
        weight: Of the squared error of both, beside cross-entropy.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and `views`
            (batch, 2), standardised arousal and valence, NaN where they are unknown.

    Output shape:
        (batch, classes), logits.

    Reference:
        In the style of Neumann and Vu 2017 (arXiv 1706.00612), the paper's reference 31, of
        whose views neither form nor weights are public.
    """

    def __init__(self, classifier: EmotionClassifier, *, weight: float = 0.5, **kwargs: Any) -> None:
        inputs = {
            **classifier.backbone.inputs_by_name(),
            "dimensional_labels": keras.Input((len(DIMENSIONAL_LABELS),), name="dimensional_labels"),
        }
        head = keras.layers.Dense(len(DIMENSIONAL_LABELS), name="view_prediction", dtype="float32")
        cost = DimensionalLossLayer(weight, name="view_cost", dtype="float32")
        predicted = head(classifier.get_layer("pooling").output)
        logits = cost(classifier.output, predicted, inputs["dimensional_labels"])
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.classifier = classifier
        self.weight = weight
        self.head = head

    def get_config(self) -> dict[str, Any]:
        return {
            "classifier": keras.saving.serialize_keras_object(self.classifier),
            "weight": self.weight,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MultiViewClassifier":
        classifier = keras.saving.deserialize_keras_object(config["classifier"], custom_objects=custom_objects)
        return cls(**{**config, "classifier": classifier})

    def layer_groups(self) -> list[list[keras.layers.Layer]]:
        """Return the layers that are trained, from the head down, those of one depth together."""
        first, *rest = self.classifier.layer_groups()
        return [[*first, self.head], *rest]
