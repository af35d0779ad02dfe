"""Emotions, or another target, of a stream while someone speaks."""

import collections
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ser_fop.config.runtime import Runtime
from ser_fop.config.streaming import StreamSettings, check_stream_settings
from ser_fop.inference.labelled_answer import LabelledAnswer
from ser_fop.inference.outputs import LOW_CONFIDENCE, NO_SPEECH, SCORES, TOO_SHORT, UNSURE
from ser_fop.streaming.opening import open_step
from ser_fop.streaming.sample_buffer import checked_chunk
from ser_fop.streaming.stream_sizes import StreamSizes
from ser_fop.streaming.stream_speech_detector import StreamSpeechDetector
from ser_fop.streaming.stream_states import StreamStates
from ser_fop.streaming.streamable import check_recogniser
from ser_fop.streaming.streaming_encoder import StreamingEncoder

# If pauses divide the stream, a stretch begins so long before speech was found.
_LEAD_S = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamAnswer(LabelledAnswer):
    """Class, such as the emotion, of a stretch of speech as far as it was heard.

    Attributes:
        start_s: Start of the stretch, in seconds from the start of the stream.
        end_s: Time up to which the stream was heard, in seconds.
        label: The predicted class; `unsure` below the threshold of the model, empty without an answer.
        probabilities: Probability of each class; empty without an answer.
        reason: Why there is no sure answer: `no speech`, `low confidence` or `too short`; empty with one.
        is_final: Whether the stretch has ended: by a pause, or with the stream.
    """

    start_s: float
    end_s: float
    is_final: bool = False


class _Heard(NamedTuple):
    """A part of a stretch: its samples, its end, and whether there was speech in the stretch up to then."""

    samples: np.ndarray
    end_s: float
    has_spoken: bool


class StreamingRecogniser:
    """Recognises emotions, or another target, in chunks of samples of any size, with constant memory and constant cost.

    For any division into chunks, the last answer equals that of `predict` with the same causal model, and each answer
    equals that of the samples before it, up to the context of the model. With pauses, this holds for each stretch of
    speech. Forgetting changes it on purpose.

    Args:
        step: One step of a causal emotion classifier. Recognisers can share it.
        settings: Pauses, forgetting and speech detection.
        states: Where the state of the stream is; by default, in the recogniser itself.

    Attributes:
        labels: The classes.
        sample_rate_hz: Sample rate of the samples.
        hop_s: Time between answers, in seconds.

    Raises:
        InputError: If the network has no classes.

    Example:
        >>> import ser_fop
        >>> recogniser = StreamingRecogniser.load("emotion-stream")
        >>> answers = recogniser.push(np.zeros(16000, np.float32))
        >>> answers[-1].reason
        'no speech'
    """

    def __init__(
        self,
        step: StreamSizes,
        settings: StreamSettings = StreamSettings(),  # noqa: B008 - frozen
        states: StreamStates | None = None,
    ) -> None:
        check_stream_settings(settings)
        check_recogniser(step.spec)
        self._spec, self._settings = step.spec, settings
        self._encoder = StreamingEncoder(step, forget_s=settings.forget_s, states=states)
        self.labels = step.spec.labels
        self.sample_rate_hz = self._encoder.sample_rate_hz
        self.hop_s = self._encoder.hop_s
        self._step = step
        self._hop, self._overlap = step.hop_samples, step.window_samples - step.hop_samples
        self._detector = StreamSpeechDetector(self.sample_rate_hz, pause_s=settings.pause_s)
        self._divides = settings.pause_s > 0 and settings.detect_speech
        self.reset()

    @classmethod
    def load(
        cls,
        model: str | Path,
        settings: StreamSettings = StreamSettings(),  # noqa: B008
        *,
        runtime: Runtime = "auto",
    ) -> "StreamingRecogniser":
        """Load a causal emotion classifier.

        Args:
            model: Run folder of `finetune`, exported model, or name of a published model.
            settings: Pauses, forgetting and speech detection.
            runtime: See `open_step`.

        Raises:
            InputError: If there is no such model, or it is not causal.
        """
        check_stream_settings(settings)
        return cls(open_step(model, context_s=settings.context_s, runtime=runtime), settings)

    def reset(self) -> None:
        """Begin a new stream."""
        self._encoder.reset()
        self._detector.reset()
        self._heard = self._start = self._encoded = 0
        self._unencoded: list[_Heard] = []
        self._waits = self._divides
        self._lead: collections.deque[np.ndarray] = collections.deque()
        self._last = self._made(start_s=0.0, end_s=0.0, reason=TOO_SHORT)

    def push(self, samples: np.ndarray) -> list[StreamAnswer]:
        """Add samples, and return an answer for each step that is complete now.

        Args:
            samples: Shape (samples,), values from -1 to 1.

        Raises:
            InputError: If the samples are unusable. The stream can go on with others.
        """
        (chunk,) = checked_chunk(samples, 1)
        answers = [answer for part in self._by_step(chunk) for answer in self._hear(part)]
        return answers + self._encode()

    def flush(self) -> list[StreamAnswer]:
        """Return the final answer, and begin a new stream."""
        self._detector.flush()
        scores = self._encoder.flush()
        end_s = self._seconds(self._heard)
        has_spoken = not self._settings.detect_speech or self._detector.has_spoken
        last = self._answer(scores[SCORES][0, -1], end_s, has_spoken=has_spoken) if scores else self._last
        self.reset()
        return [dataclasses.replace(last, end_s=end_s, is_final=True)]

    def _by_step(self, chunk: np.ndarray) -> Iterator[np.ndarray]:
        """Divide a chunk where steps end, so that no answer depends on the division of the stream."""
        first = 0
        while first < len(chunk):
            end = first + self._hop - (self._heard - self._start - self._overlap) % self._hop
            yield chunk[first:end]
            first = end

    def _hear(self, part: np.ndarray) -> list[StreamAnswer]:
        """Look for speech in a part. Return answers where a stretch has ended, or none has begun.

        All other parts wait for `_encode`, which takes the steps of a chunk together.
        """
        self._heard += len(part)
        end_s = self._seconds(self._heard)
        has_paused = self._settings.detect_speech and self._detector.push(part)
        if has_paused and not self._waits:
            answers = self._encode()
            final = dataclasses.replace(self._last, end_s=end_s, is_final=True)
            self._wait(end_s)
            return [*answers, final]
        heard = self._after_waiting(part) if self._waits else part
        if heard is None:
            return [self._last]
        has_spoken = not self._settings.detect_speech or self._detector.has_spoken
        self._unencoded.append(_Heard(heard, end_s, has_spoken))
        return []

    def _encode(self) -> list[StreamAnswer]:
        """Take the steps that are complete, and return an answer for each part that has completed one or more."""
        parts, self._unencoded = self._unencoded, []
        found = self._encoder.push(np.concatenate([part.samples for part in parts])) if parts else {}
        answers, first = [], self._step.steps_of(self._encoded)
        last = first
        for part in parts:
            self._encoded += len(part.samples)
            before, last = last, self._step.steps_of(self._encoded)
            if last > before:
                self._last = self._answer(found[SCORES][0, last - first - 1], part.end_s, has_spoken=part.has_spoken)
                answers.append(self._last)
        return answers

    def _wait(self, end_s: float) -> None:
        """Wait for the next stretch of speech."""
        self._encoder.reset()
        self._encoded = 0
        self._waits = True
        self._lead.clear()
        self._last = self._made(start_s=end_s, end_s=end_s, reason=NO_SPEECH)

    def _after_waiting(self, part: np.ndarray) -> np.ndarray | None:
        """Return what a stretch begins with once speech was heard; None before it."""
        self._lead.append(part)
        while sum(map(len, self._lead)) - len(self._lead[0]) >= _LEAD_S * self.sample_rate_hz:
            self._lead.popleft()
        if not self._detector.has_spoken:
            end_s = self._seconds(self._heard)
            self._last = self._made(start_s=self._last.start_s, end_s=end_s, reason=NO_SPEECH)
            return None
        lead = np.concatenate(self._lead)
        self._lead.clear()
        self._waits, self._start = False, self._heard - len(lead)
        return lead

    def _answer(self, scores: np.ndarray, end_s: float, *, has_spoken: bool) -> StreamAnswer:
        start_s = self._seconds(self._start)
        if not has_spoken:
            return self._made(start_s=start_s, end_s=end_s, reason=NO_SPEECH)
        is_sure = scores.max() >= self._spec.confidence_threshold
        return self._made(
            start_s=start_s,
            end_s=end_s,
            label=self.labels[int(scores.argmax())] if is_sure else UNSURE,
            probabilities={label: float(score) for label, score in zip(self.labels, scores, strict=True)},
            reason="" if is_sure else LOW_CONFIDENCE,
        )

    def _made(self, **fields: Any) -> StreamAnswer:
        return StreamAnswer(target=self._spec.target, **fields)

    def _seconds(self, samples: int) -> float:
        return samples / self.sample_rate_hz
