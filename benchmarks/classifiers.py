"""Several ways to run the same emotion classifier: TensorFlow, Keras and PyTorch.

The function of `mel_classifier` reads log-mels, that of `waveform_classifier` reads audio. Both return class
probabilities as NumPy arrays.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.front_ends import torch_log_mel
from benchmarks.shared_network import MELS, classifier, twin

FUNCTION, PREDICT, EAGER, TORCH = "a traced graph", "model.predict", "model(x), eager", "PyTorch twin, inference_mode"
OURS = f"ser_fop, {FUNCTION}"
# Largest difference of probabilities. The mel filters differ a little: ours are linear in mels, the twin's in hertz.
_TOLERANCE = 0.01


def mel_classifier(kind: str, weights: Path) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a function from log-mels (batch, frames, mels) and lengths (batch,) to probabilities (batch, classes).

    Args:
        kind: `FUNCTION` (ours), `PREDICT`, `EAGER` or `TORCH`.
        weights: File of `shared_network.write_weights`, for `TORCH`.
    """
    if kind == TORCH:
        import torch

        classify = _torch(weights)

        @torch.inference_mode()
        def run_torch(mel: np.ndarray, lengths: np.ndarray) -> np.ndarray:
            return classify(torch.from_numpy(mel), torch.from_numpy(lengths)).numpy()

        return run_torch
    import tensorflow as tf

    run = _keras(kind)
    if kind == FUNCTION:
        run = tf.function(run).get_concrete_function(
            tf.TensorSpec([None, None, MELS], tf.float32), tf.TensorSpec([None], tf.int64)
        )
    return lambda mel, lengths: np.asarray(run(tf.constant(mel), tf.constant(lengths)))


def waveform_classifier(kind: str, weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from unpadded samples (batch, samples) to probabilities; the arguments are those of `mel_classifier`."""
    if kind == TORCH:
        import torch

        classify, to_mel = _torch(weights), torch_log_mel()

        @torch.inference_mode()
        def run_torch(waveform: np.ndarray) -> np.ndarray:
            mel = to_mel(torch.from_numpy(waveform))
            return classify(mel, torch.full((len(mel),), mel.shape[1])).numpy()

        return run_torch
    import tensorflow as tf

    from ser_fop.config.settings import FeatureConfig
    from ser_fop.data.features import log_mel

    run = _keras(kind)

    def from_waveform(waveform: Any) -> Any:
        mel = log_mel(waveform, FeatureConfig(remove_below_hz=0.0))  # as the peer's front end
        return run(mel, tf.fill(tf.shape(mel)[:1], tf.shape(mel)[1]))

    if kind == FUNCTION:
        from_waveform = tf.function(from_waveform).get_concrete_function(tf.TensorSpec([None, None], tf.float32))
    return lambda waveform: np.asarray(from_waveform(tf.constant(waveform)))


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """Assert that probabilities agree with those of another way to run the classifier."""
    assert found.shape == expected.shape
    largest = float(np.abs(found - expected).max())
    assert largest < _TOLERANCE, f"a probability is {largest:.2g} from the reference"


def _keras(kind: str) -> Callable[[Any, Any], Any]:
    import tensorflow as tf

    network = classifier()

    def run(mel: Any, lengths: Any) -> Any:
        mel = tf.convert_to_tensor(mel)
        inputs = {"mel": mel, "mask": tf.sequence_mask(lengths, tf.shape(mel)[1])}
        logits = network.predict(inputs, verbose=0) if kind == PREDICT else network(inputs, training=False)
        return tf.nn.softmax(logits)

    return run


def _torch(weights: Path) -> Callable[[Any, Any], Any]:
    import torch

    network, projection = twin(weights)

    def classify(mel: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        hidden = network.hidden_states(mel)[-1]
        real = (torch.arange(mel.shape[1]) < lengths[:, None]).to(hidden.dtype)
        pooled = (hidden * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)
        return torch.softmax(pooled @ projection, dim=-1)

    return classify
