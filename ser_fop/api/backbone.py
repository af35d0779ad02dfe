"""A backbone with published or own weights."""

from pathlib import Path
from typing import Any, Self

import keras

from ser_fop.hub.networks import load_network
from ser_fop.models import backbone as network


@keras.saving.register_keras_serializable("ser_fop", name="PretrainedBackbone")
class Backbone(network.Backbone):
    """Maps log-mels (batch, frames, mels) to hidden states: see `ser_fop.models.backbone.Backbone`.

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
        """Return the backbone of a trained network.

        Args:
            name: A published model, a run folder or a SavedModel.
            **kwargs: Further arguments of `keras.Model`, such as `name`.

        Raises:
            InputError: If there is no network there.
        """
        trained = load_network(Path(name))[0].backbone
        backbone = cls(trained.config, trained.mels, attention=trained.attention, **{"name": "backbone", **kwargs})
        backbone.set_weights(trained.get_weights())
        return backbone
