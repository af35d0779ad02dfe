"""One network in two libraries: the Keras network with fixed random weights, and the PyTorch twin with equal ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from benchmarks.torch_twin import FramePredictor
    from ser_fop.models.emotion_classifier import EmotionClassifier

CLASSES, MELS = 4, 80
_LAYER_PARTS = {
    "attention/query_key_value": "attention.project_in",
    "attention/output": "attention.project_out",
    "attention_norm": "attention_norm",
    "inner": "inner",
    "outer": "outer",
    "feed_forward_norm": "feed_forward_norm",
}
_KINDS = {"kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}


def classifier() -> "EmotionClassifier":
    """Return the Keras classifier at the paper's size, with the same weights in every process."""
    import keras

    from ser_fop.config.settings import ModelConfig
    from ser_fop.models.backbone import Backbone
    from ser_fop.models.emotion_classifier import EmotionClassifier

    keras.utils.set_random_seed(0)
    backbone = Backbone(ModelConfig(), MELS, name="backbone")
    backbone.normalization.set_statistics(np.full(MELS, -6.0, np.float32), np.full(MELS, 2.0, np.float32))
    return EmotionClassifier(backbone, CLASSES)


def write_weights(path: Path) -> None:
    """Write the weights of `classifier()` to an `.npz` file, which `twin` reads."""
    # Some systems do not allow a slash in the name of an archive member.
    np.savez(path, **{weight.path.replace("/", "."): np.asarray(weight) for weight in classifier().weights})


def twin(path: Path) -> tuple["FramePredictor", Any]:
    """Return the PyTorch twin in evaluation mode, and the projection (width, classes) of its pooled last state."""
    import torch

    from benchmarks.torch_twin import FramePredictor

    with np.load(path) as arrays:
        weights_by_name = {name: torch.from_numpy(arrays[name].copy()) for name in arrays.files}
    network = FramePredictor().eval()
    expected = {name for name, _ in network.named_parameters() if not name.startswith("predict.")}
    state = {_name(name): tensor.T if name.endswith("kernel") else tensor for name, tensor in weights_by_name.items()}
    projection = state.pop("emotion.weight").T.contiguous()
    assert set(state) == expected | {"mean", "std"}, "expected the twin to have the weights of the Keras network"
    network.load_state_dict(state, strict=False)
    return network, projection


def twin_hypercolumns(network: "FramePredictor", mel: Any) -> dict[str, Any]:
    """Return the hypercolumns of the twin by name, each (batch, frames, width), as `ser_fop.models.hypercolumns`."""
    import torch

    normalised = (mel - network.mean) / network.std
    embedded = network.embed(normalised)
    layers = []
    hidden = embedded + network.positions[: mel.shape[1]]
    for layer in network.layers:
        hidden = layer(hidden)
        layers.append(hidden)
    total = sum(layers, start=embedded)
    named = {f"h{number}": states for number, states in enumerate(layers, start=1)}
    return {"F": normalised, **named, "h_add": total, "h_concat": torch.cat([normalised, *layers], dim=-1)}


def _name(keras_name: str) -> str:
    """Return the PyTorch name of a Keras weight."""
    *parts, kind = keras_name.split(".")
    layer = "/".join(parts)
    if layer == "normalization":
        return kind
    if layer.startswith("attention_layer_"):
        number, _, part = layer.removeprefix("attention_layer_").partition("/")
        return f"layers.{int(number) - 1}.{_LAYER_PARTS[part]}.{_KINDS[kind]}"
    return f"{ {'feature_embedding': 'embed', 'emotion': 'emotion'}[layer] }.{_KINDS[kind]}"
