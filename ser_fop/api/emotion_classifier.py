"""Emotion classifier with pretrained weights."""

from pathlib import Path
from typing import Any, Self

import keras

from ser_fop.api.backbone import Backbone
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network
from ser_fop.models import emotion_classifier as network


@keras.saving.register_keras_serializable("ser_fop", name="PretrainedEmotionClassifier")
class EmotionClassifier(network.EmotionClassifier):
    """Emotion classifier that maps log-mels (batch, frames, mels) to logits (batch, classes).

    The base class, `ser_fop.models.emotion_classifier.EmotionClassifier`, documents the arguments.

    Example:
        >>> import numpy as np, ser_fop
        >>> classifier = ser_fop.EmotionClassifier.from_pretrained("fop-librispeech", num_classes=3)
        >>> mel = np.zeros((2, 100, classifier.backbone.mels), "float32")
        >>> classifier.predict({"mel": mel, "mask": np.ones((2, 100), bool)}, verbose=0).shape
        (2, 3)
    """

    @classmethod
    def from_pretrained(cls, name: str | Path, *, num_classes: int | None = None, **kwargs: Any) -> Self:
        """Create a classifier with the backbone of a trained network.

        Args:
            name: Name of a published model, or path of a run folder or SavedModel.
            num_classes: Number of classes of a new, untrained head. By default the classifier has the trained head
                of the network.
            **kwargs: Further arguments of the class, such as `pooling`.

        Returns:
            The classifier.

        Raises:
            InputError: If `name` is neither a published model nor the path of a network, or if `num_classes` is
                None and the network has no trained head.
        """
        backbone = Backbone.from_pretrained(name)
        if num_classes is not None:
            return cls(backbone, num_classes, **kwargs)
        trained, _ = load_network(Path(name))
        if not isinstance(trained, network.EmotionClassifier):
            raise InputError(
                f"expected num_classes, received None: {name} has no trained classifier head. Set num_classes."
            )
        classifier = cls(backbone, trained.classes, **{"pooling": trained.pooling, **kwargs})
        classifier.set_weights(trained.get_weights())
        return classifier
