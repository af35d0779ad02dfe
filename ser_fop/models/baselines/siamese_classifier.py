"""An emotion classifier that is also trained on pairs of utterances."""

from typing import Any

import keras

from ser_fop.models.baselines.pairwise_contrastive_loss import PairwiseContrastiveLoss
from ser_fop.models.emotion_classifier import EmotionClassifier


@keras.saving.register_keras_serializable("ser_fop")
class SiameseClassifier(keras.Model):
    """A siamese classifier: cross-entropy of each utterance, and a contrastive loss of all pairs.

    The two branches share their weights. One pass over a batch therefore serves both branches,
    and all pairs of utterances in the batch are compared. For recognition, use `classifier`.

    Args:
        classifier: The classifier to train, which is one branch.
        weight: Weight of the contrastive loss, relative to cross-entropy.
        margin: Margin of `PairwiseContrastiveLoss`.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and `class_index`
            (batch,).

    Output shape:
        (batch, classes), logits.

    Reference:
        In the style of Lian, Li, Tao and Huang 2018 (arXiv 1910.11174), the paper's reference 32.
    """

    def __init__(
        self, classifier: EmotionClassifier, *, weight: float = 0.5, margin: float = 1.0, **kwargs: Any
    ) -> None:
        inputs = {
            **classifier.backbone.inputs_by_name(),
            "class_index": keras.Input((), dtype="int32", name="class_index"),
        }
        compare = PairwiseContrastiveLoss(weight, margin, name="pair_contrast", dtype="float32")
        logits = compare(classifier.output, classifier.get_layer("pooling").output, inputs["class_index"])
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.classifier = classifier
        self.weight = weight
        self.margin = margin

    def get_config(self) -> dict[str, Any]:
        return {
            "classifier": keras.saving.serialize_keras_object(self.classifier),
            "weight": self.weight,
            "margin": self.margin,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SiameseClassifier":
        classifier = keras.saving.deserialize_keras_object(config["classifier"], custom_objects=custom_objects)
        return cls(**{**config, "classifier": classifier})

    def layer_groups(self) -> list[list[keras.layers.Layer]]:
        """Return the trainable layers in groups of equal depth, from the head to the input."""
        return self.classifier.layer_groups()
