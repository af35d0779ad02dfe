"""Emotions of a stream while someone speaks."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ser_fop.config.streaming import StreamSettings
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network
from ser_fop.inference.inference_model import UNSURE
from ser_fop.inference.signal_checks import LOW_CONFIDENCE, NO_SPEECH, TOO_SHORT
from ser_fop.streaming.sample_buffer import checked_chunk
from ser_fop.streaming.stream_speech_detector import StreamSpeechDetector
from ser_fop.streaming.stream_step import SCORES, StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder

# What is heard before speech begins counts for at most so long, if pauses divide the stream.
_LEAD_S = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamAnswer:
    """Emotion of a stretch of speech as far as it was heard.

    Attributes:
        start_s: Start of the stretch, in seconds from the start of the stream.
        end_s: Time up to which the stream was heard, in seconds.
        emotion: The predicted class; `unsure` below the threshold of the model, empty without an answer.
        probabilities: Probability of each class; empty without an answer.
        reason: Why there is no sure answer: `no speech`, `low confidence` or `too short`; empty with one.
        is_final: Whether the stretch has ended: by a pause, or with the stream.
    """

    start_s: float
    end_s: float
    emotion: str = ""
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    reason: str = ""
    is_final: bool = False


class StreamingRecogniser:
    """Recognises emotions in chunks of samples of any size, with constant memory and constant cost.

    For any division into chunks, the last answer equals that of `predict` with the same causal model, and each answer
    equals that of the samples before it, up to the context of the model. A pause or forgetting changes that on purpose.

    Args:
        step: One step of a causal emotion classifier. Recognisers can share it.
        settings: Pauses, forgetting and speech detection.

    Attributes:
        labels: The classes.
        sample_rate_hz: Sample rate of the samples.
        hop_s: Time between answers, in seconds.

    Raises:
        InputError: If the network has no classes.

    Example:
        >>> import ser_fop
        >>> recogniser = StreamingRecogniser.load("emotion-common")
        >>> answers = recogniser.push(np.zeros(16000, np.float32))
        >>> answers[-1].reason
        'no speech'
    """

    def __init__(self, step: StreamStep, settings: StreamSettings = StreamSettings()) -> None:  # noqa: B008 - frozen
        if not step.spec.labels:
            raise InputError("streaming expected a model with emotion classes, received a pretrained network.")
        self._spec, self._settings = step.spec, settings
        self._encoder = StreamingEncoder(step, forget_s=settings.forget_s)
        self.labels = step.spec.labels
        self.sample_rate_hz = self._encoder.sample_rate_hz
        self.hop_s = self._encoder.hop_s
        self._window_s = step.window_samples / self.sample_rate_hz
        self._detector = StreamSpeechDetector(self.sample_rate_hz, pause_s=settings.pause_s)
        self.reset()

    @classmethod
    def load(cls, model: str | Path, settings: StreamSettings = StreamSettings()) -> "StreamingRecogniser":  # noqa: B008
        """Load a causal emotion classifier.

        Args:
            model: Run folder of `finetune`, exported model, or name of a published model.
            settings: Pauses, forgetting and speech detection.

        Raises:
            InputError: If there is no such model, or it is not causal.
        """
        return cls(StreamStep(*load_network(Path(model)), context_s=settings.context_s), settings)

    def reset(self) -> None:
        """Begin a new stream."""
        self._encoder.reset()
        self._detector.reset()
        self._heard = 0
        self._begin(0.0)

    def push(self, samples: np.ndarray) -> list[StreamAnswer]:
        """Add samples, and return an answer for each step that is complete now.

        Args:
            samples: Shape (samples,), values from -1 to 1.

        Raises:
            InputError: If the samples are unusable. The stream can go on with others.
        """
        (chunk,) = checked_chunk(samples, 1)
        return [answer for part in self._by_step(chunk) for answer in self._hear(part)]

    def flush(self) -> list[StreamAnswer]:
        """Return the final answer, and begin a new stream."""
        scores = self._encoder.flush()
        end_s = self._heard / self.sample_rate_hz
        last = self._answer(scores[SCORES][0, -1], end_s) if scores else self._last
        self.reset()
        return [dataclasses.replace(last, end_s=end_s, is_final=True)]

    def _by_step(self, chunk: np.ndarray) -> Iterator[np.ndarray]:
        """Divide a chunk where steps end, so that no answer depends on the division of the stream."""
        hop, first = round(self.hop_s * self.sample_rate_hz), 0
        while first < len(chunk):
            end = first + hop - (self._heard - self._overlap) % hop
            yield chunk[first:end]
            first = end

    @property
    def _overlap(self) -> int:
        return round((self._window_s - self.hop_s) * self.sample_rate_hz)

    def _hear(self, part: np.ndarray) -> list[StreamAnswer]:
        """Return the answer of the step that ends with a part, and the final answer of a stretch that ended in it."""
        self._heard += len(part)
        end_s = self._heard / self.sample_rate_hz
        has_paused = self._settings.detect_speech and self._detector.push(part)
        found = self._encoder.push(part)
        if has_paused:
            final = dataclasses.replace(self._last, end_s=end_s, is_final=True)
            self._begin(end_s)
            return [final]
        if not found:
            return []
        answer = self._answer(found[SCORES][0, -1], end_s)
        waits = self._settings.pause_s and self._settings.detect_speech and not self._detector.has_spoken
        if waits and end_s - self._start_s >= _LEAD_S:
            self._begin(end_s)
        self._last = answer
        return [answer]

    def _begin(self, start_s: float) -> None:
        """Begin a stretch of speech."""
        self._encoder.restart()
        self._start_s = start_s
        self._last = StreamAnswer(start_s=start_s, end_s=start_s, reason=TOO_SHORT)

    def _answer(self, scores: np.ndarray, end_s: float) -> StreamAnswer:
        if self._settings.detect_speech and not self._detector.has_spoken:
            return StreamAnswer(start_s=self._start_s, end_s=end_s, reason=NO_SPEECH)
        is_sure = scores.max() >= self._spec.confidence_threshold
        return StreamAnswer(
            start_s=self._start_s,
            end_s=end_s,
            emotion=self.labels[int(scores.argmax())] if is_sure else UNSURE,
            probabilities={label: float(score) for label, score in zip(self.labels, scores, strict=True)},
            reason="" if is_sure else LOW_CONFIDENCE,
        )
