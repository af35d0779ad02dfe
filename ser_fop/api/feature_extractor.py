"""Feature extractor for waveforms."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.inference.loading import open_model
from ser_fop.models.backbone import hidden_width


class FeatureExtractor:
    """Feature extractor that maps waveforms to the hidden states of a trained network.

    The interface resembles the upstreams of s3prl.

    Args:
        name: Name of a published model, or path of a run folder or SavedModel.

    Attributes:
        num_layers: Number of layers of the network.
        hidden_size: Width of the hidden states.
        frame_shift_s: Distance between two hidden states, in seconds.
        sample_rate_hz: Sample rate of the input waveforms, in hertz.

    Raises:
        InputError: If `name` is neither a published model nor the path of a network.

    Example:
        >>> import numpy as np, ser_fop
        >>> extractor = ser_fop.FeatureExtractor("fop-librispeech")
        >>> noise = np.random.default_rng(0).normal(size=(2, 16000)).astype("float32")
        >>> features, lengths = extractor(0.1 * noise, lengths=[16000, 8000])
        >>> features["h1"].shape[-1] == extractor.hidden_size
        True
        >>> lengths.tolist() == [features["h1"].shape[1], lengths[1]]
        True
    """

    def __init__(self, name: str | Path) -> None:
        self._model = open_model(name)
        spec = self._model.spec
        self.num_layers = spec.model.layers
        self.hidden_size = hidden_width(spec.model, spec.features.width)
        self.frame_shift_s = spec.features.hop_s * spec.model.stacked_frames
        self.sample_rate_hz = spec.features.sample_rate_hz

    def __call__(
        self, waveforms: np.ndarray, lengths: np.ndarray | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the hidden states of a batch of waveforms.

        Args:
            waveforms: Samples at `sample_rate_hz`, from -1 to 1, padded at the end, (batch, samples).
            lengths: Number of samples of each waveform, (batch,). By default no waveform is padded.

        Returns:
            A dictionary with `F`, `h1` .. `hL`, `h_add` and `h_concat`, each (batch, steps, width), and the number of
            steps of each waveform, (batch,). Hidden states of padding are meaningless.

        Raises:
            InputError: If an array has a wrong shape, or a length exceeds the number of samples.
        """
        waveforms = np.asarray(waveforms, np.float32)
        if waveforms.ndim != 2:
            raise InputError(f"waveforms expected the shape (batch, samples), received {waveforms.shape}.")
        if lengths is None:
            lengths = np.full(len(waveforms), waveforms.shape[1])
        lengths = np.asarray(lengths, np.int32)
        if lengths.shape != (len(waveforms),) or (lengths > waveforms.shape[1]).any():
            raise InputError(
                f"lengths expected {len(waveforms)} numbers up to {waveforms.shape[1]}, received {lengths.tolist()}."
            )
        found = self._model.hypercolumns_of_waveform(tf.constant(waveforms), tf.constant(lengths))
        states = {name: values.numpy() for name, values in found.items() if not name.startswith("pooled_")}
        return states, self._steps(lengths)

    def _steps(self, lengths: np.ndarray) -> np.ndarray:
        """Return the number of steps of each waveform."""
        features, stacked = self._model.spec.features, self._model.spec.model.stacked_frames
        hop, window = (round(seconds * self.sample_rate_hz) for seconds in (features.hop_s, features.window_s))
        frames = np.maximum(0, (lengths - window) // hop + 1)
        return -(-frames // stacked)
