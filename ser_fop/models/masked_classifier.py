"""An emotion classifier that is trained on corpora with different classes."""

from typing import Any

import keras
from keras import ops

from ser_fop.models.emotion_classifier import EmotionClassifier

# Finite: an infinite logit times a label of zero would be NaN.
_EXCLUDED_LOGIT = -1e9


@keras.saving.register_keras_serializable("ser_fop")
class MaskedClassifier(keras.Model):
    """A classifier whose softmax covers only the classes that the utterance's corpus knows.

    A corpus without the class `disgust` says nothing of it. Its utterances give this class no
    gradient. For recognition, use `classifier`.

    Args:
        classifier: The classifier to train.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and `known_classes`
            (batch, classes), 1 for the classes of the utterance's corpus and 0 for others.

    Output shape:
        (batch, classes), logits.
    """

    def __init__(self, classifier: EmotionClassifier, **kwargs: Any) -> None:
        inputs = {
            **classifier.backbone.inputs_by_name(),
            "known_classes": keras.Input((classifier.classes,), name="known_classes"),
        }
        logits = ops.where(inputs["known_classes"] > 0, classifier.output, _EXCLUDED_LOGIT)
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.classifier = classifier

    def get_config(self) -> dict[str, Any]:
        return {"classifier": keras.saving.serialize_keras_object(self.classifier), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MaskedClassifier":
        classifier = keras.saving.deserialize_keras_object(config["classifier"], custom_objects=custom_objects)
        return cls(**{**config, "classifier": classifier})

    def layer_groups(self) -> list[list[keras.layers.Layer]]:
        """Return the trainable layers in groups of equal depth, from the head to the input."""
        return self.classifier.layer_groups()
