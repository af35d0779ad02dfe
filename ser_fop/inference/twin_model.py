"""What inference models without TensorFlow have in common: names of classes and reasons for the numbers of a twin."""

import abc

import numpy as np

from ser_fop.inference.outputs import (
    DOUBT_NAMES,
    LABELS,
    LOW_CONFIDENCE,
    REASON,
    REFUSALS,
    SCORES,
    SEPARATOR,
    UNSURE,
)
from ser_fop.models.network_spec import NetworkSpec


class TwinModel(abc.ABC):
    """Inference model of a twin, with the outputs of `InferenceModel`.

    Args:
        spec: Config of the network.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec, self.labels = spec, spec.labels

    @abc.abstractmethod
    def numbers_of_waveform(
        self, waveform: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return `scores`, `answer`, `refusal` and `doubts` of `InferenceModel.numbers_of_waveform`."""

    def from_waveform(self, waveform: np.ndarray, length: np.ndarray) -> dict[str, np.ndarray]:
        """Recognise the classes of waveforms.

        Args:
            waveform: Float32 samples of shape (batch, samples).
            length: Number of samples of each waveform, of shape (batch,).

        Returns:
            `scores`, `labels`, the answer by the name of the target, and `reason`, with texts as UTF-8, as a SavedModel
            gives them.
        """
        scores, *others = self.numbers_of_waveform(np.asarray(waveform, np.float32), np.asarray(length, np.int32))
        refusal = others[1]
        rows = [self._named(*row) for row in zip(scores, *others, strict=True)]
        answers, reasons = zip(*rows, strict=True) if rows else ((), ())
        return {
            SCORES: np.where(refusal[:, np.newaxis] == 0, scores, np.float32(0.0)),
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
