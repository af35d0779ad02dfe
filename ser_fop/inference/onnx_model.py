"""An inference model that runs in ONNX Runtime, without TensorFlow."""

from pathlib import Path

import numpy as np

from ser_fop.inference.onnx_session import open_session
from ser_fop.inference.outputs import (
    ANSWER,
    DOUBT_NAMES,
    DOUBTS,
    LABELS,
    LOW_CONFIDENCE,
    REASON,
    REFUSAL,
    REFUSALS,
    SCORES,
    SEPARATOR,
    UNSURE,
)
from ser_fop.models.network_spec import NetworkSpec

_OUTPUTS = (SCORES, ANSWER, REFUSAL, DOUBTS)


class OnnxInferenceModel:
    """Inference model of an ONNX twin, with the outputs of `InferenceModel`.

    Args:
        path: The twin, from `ser-fop export` or a published model.
        spec: Config of the network.

    Raises:
        InputError: If the file is damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        self.spec, self.labels = spec, spec.labels
        self._session = open_session(path)

    def from_waveform(self, waveform: np.ndarray, length: np.ndarray) -> dict[str, np.ndarray]:
        """Recognise the classes of waveforms.

        Args:
            waveform: Float32 samples of shape (batch, samples).
            length: Number of samples of each waveform, of shape (batch,).

        Returns:
            `scores`, `labels`, the answer by the name of the target, and `reason`, with texts as UTF-8, as a SavedModel
            gives them.
        """
        inputs = {"waveform": np.asarray(waveform, np.float32), "length": np.asarray(length, np.int32)}
        numbers = dict(zip(_OUTPUTS, self._session.run(_OUTPUTS, inputs), strict=True))
        rows = [self._named(*row) for row in zip(*numbers.values(), strict=True)]
        answers, reasons = zip(*rows, strict=True) if rows else ((), ())
        return {
            SCORES: np.where(numbers[REFUSAL][:, np.newaxis] == 0, numbers[SCORES], np.float32(0.0)),
            LABELS: np.array([[name.encode() for name in self.labels]] * len(rows), object),
            self.spec.target: np.array(answers, object),
            REASON: np.array(reasons, object),
        }

    def _named(self, scores: np.ndarray, answer: int, refusal: int, doubts: np.ndarray) -> tuple[bytes, bytes]:
        """Return answer and reason of one waveform."""
        if refusal:
            return b"", REFUSALS[refusal].encode()
        is_sure = scores.max() >= self.spec.confidence_threshold
        reasons = [] if is_sure else [LOW_CONFIDENCE]
        reasons += [name for name, holds in zip(DOUBT_NAMES, doubts, strict=True) if holds]
        return (self.labels[answer] if is_sure else UNSURE).encode(), SEPARATOR.join(reasons).encode()
