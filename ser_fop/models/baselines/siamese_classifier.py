"""An emotion classifier whose training compares utterances in pairs too."""

from typing import Any

import keras

from ser_fop.models.baselines.pairwise_contrastive_loss import PairwiseContrastiveLoss
from ser_fop.models.emotion_classifier import EmotionClassifier


@keras.saving.register_keras_serializable("ser_fop")
class SiameseClassifier(keras.Model):
    """A classifier on two branches of one network: cross-entropy of each, and a contrastive loss on their vectors.

    The two branches have the same weights, so one pass over a batch serves as both, and
    every two utterances of it are a pair. What answers later is `classifier`, one branch.

    Args:
        classifier: The branch.
        weight: Of the contrastive loss, beside cross-entropy.
        margin: As of `PairwiseContrastiveLoss`.

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
        """Return the layers that are trained, from the head down, those of one depth together."""
        return self.classifier.layer_groups()
