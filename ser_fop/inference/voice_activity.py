"""Probability of speech in each 32 ms of sound, by the network of Silero VAD in ONNX Runtime.

The network is that of the package `silero-vad` 6.2.3, in `silero/` with its licence. The package itself needs PyTorch.

Reference:
    Silero VAD, https://github.com/snakers4/silero-vad
"""

import functools
from pathlib import Path

import numpy as np
import onnxruntime

from ser_fop.inference.onnx_session import open_session

RATE_HZ = 16000
CHUNK_SAMPLES = 512
# Samples before a chunk that the network hears again with it, and the width of its state.
_CONTEXT_SAMPLES, _WIDTH = 64, 128
_NETWORK = Path(__file__).parent / "silero" / "silero_vad_16k_sequence.onnx"


class VoiceActivity:
    """Hears the chunks of one recording or stream in order. All share one session, so a new one costs nothing.

    Example:
        >>> import numpy as np
        >>> VoiceActivity().probabilities(np.zeros((2, CHUNK_SAMPLES), np.float32)).round().tolist()
        [0.0, 0.0]
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new recording."""
        self._state = [np.zeros((1, 1, _WIDTH), np.float32)] * 2
        self._context = np.zeros((1, _CONTEXT_SAMPLES), np.float32)

    def probabilities(self, chunks: np.ndarray) -> np.ndarray:
        """Return the probability of speech in each chunk, (chunks,).

        Args:
            chunks: The next samples at 16 kHz, (chunks, 512), float32 from -1 to 1, of at least one chunk.
        """
        ends = np.concatenate([self._context, chunks[:, -_CONTEXT_SAMPLES:]])
        inputs = {"input": np.concatenate([ends[:-1], chunks], axis=1), "h": self._state[0], "c": self._state[1]}
        found, *self._state = _session().run(["speech_probs", "hn", "cn"], inputs)
        self._context = ends[-1:]
        return found


@functools.cache
def _session() -> onnxruntime.InferenceSession:
    return open_session(_NETWORK, threads=1)  # a chunk is too small for more
