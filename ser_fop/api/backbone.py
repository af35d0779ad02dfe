"""Backbone with pretrained weights."""

from pathlib import Path
from typing import Any, Self

import keras

from ser_fop.hub.networks import load_network
from ser_fop.models import backbone as network


@keras.saving.register_keras_serializable("ser_fop", name="PretrainedBackbone")
class Backbone(network.Backbone):
    """Backbone that maps log-mels (batch, frames, mels) to hidden states.

    The base class, `ser_fop.models.backbone.Backbone`, documents the arguments.

    Example:
        >>> import numpy as np, ser_fop
        >>> backbone = ser_fop.Backbone.from_pretrained("fop-librispeech")
        >>> mel = np.zeros((1, 100, backbone.mels), "float32")
        >>> states = backbone.predict({"mel": mel, "mask": np.ones((1, 100), bool)}, verbose=0)
        >>> sorted(states)
        ['F', 'embedding', 'h1', 'h2']
    """

    @classmethod
    def from_pretrained(cls, name: str | Path, **kwargs: Any) -> Self:
        """Create the backbone of a trained network, with its weights.

        Args:
            name: Name of a published model, or path of a run folder or SavedModel.
            **kwargs: Further arguments of `keras.Model`, such as `name`.

        Returns:
            The backbone.

        Raises:
            InputError: If `name` is neither a published model nor the path of a network.
        """
        trained = load_network(Path(name))[0].backbone
        backbone = cls(trained.config, trained.mels, attention=trained.attention, **{"name": "backbone", **kwargs})
        backbone.set_weights(trained.get_weights())
        return backbone
