"""An emotion classifier that also predicts dimensional labels (arousal and valence) in training."""

from typing import Any

import keras

from ser_fop.corpora.schema import DIMENSIONAL_LABELS
from ser_fop.models.baselines.dimensional_loss_layer import DimensionalLossLayer
from ser_fop.models.emotion_classifier import EmotionClassifier


@keras.saving.register_keras_serializable("ser_fop")
class MultiViewClassifier(keras.Model):
    """A classifier with an additional linear head that predicts arousal and valence.

    The head reads the utterance vector of the classifier. It is used in training only; for
    recognition, use `classifier`.

    Args:
        classifier: The classifier to train.
        weight: Weight of the squared error of the dimensional labels, relative to cross-entropy.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and
            `dimensional_labels` (batch, 2), standardised arousal and valence, NaN if unknown.

    Output shape:
        (batch, classes), logits.

    Reference:
        In the style of Neumann and Vu 2017 (arXiv 1706.00612), the paper's reference 31. The
        form and the weights of their views are not public.
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
        """Return the trainable layers in groups of equal depth, from the head to the input."""
        first, *rest = self.classifier.layer_groups()
        return [[*first, self.head], *rest]
