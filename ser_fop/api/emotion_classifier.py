"""A classifier with a published or own backbone."""

from pathlib import Path
from typing import Any, Self

import keras

from ser_fop.api.backbone import Backbone
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network
from ser_fop.models import emotion_classifier as network


@keras.saving.register_keras_serializable("ser_fop", name="PretrainedEmotionClassifier")
class EmotionClassifier(network.EmotionClassifier):
    """Maps log-mels (batch, frames, mels) to logits (batch, classes).

    See `ser_fop.models.emotion_classifier.EmotionClassifier`.

    Example:
        >>> import numpy as np, ser_fop
        >>> classifier = ser_fop.EmotionClassifier.from_pretrained("fop-librispeech", num_classes=3)
        >>> mel = np.zeros((2, 100, classifier.backbone.mels), "float32")
        >>> classifier.predict({"mel": mel, "mask": np.ones((2, 100), bool)}, verbose=0).shape
        (2, 3)
    """

    @classmethod
    def from_pretrained(cls, name: str | Path, *, num_classes: int | None = None, **kwargs: Any) -> Self:
        """Return a classifier on the backbone of a trained network.

        Args:
            name: A published model, a run folder or a SavedModel.
            num_classes: Classes of a fresh head; None takes the trained head of a classifier.
            **kwargs: Further arguments of the class, such as `pooling`.

        Raises:
            InputError: If there is no network there, or a trained head is wanted where there is none.
        """
        backbone = Backbone.from_pretrained(name)
        if num_classes is not None:
            return cls(backbone, num_classes, **kwargs)
        trained, _ = load_network(Path(name))
        if not isinstance(trained, network.EmotionClassifier):
            raise InputError(f"{name} has no trained head of a classifier: expected num_classes, received none.")
        classifier = cls(backbone, trained.classes, **{"pooling": trained.pooling, **kwargs})
        classifier.set_weights(trained.get_weights())
        return classifier
