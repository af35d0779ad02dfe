"""Hidden states of a causal network while its input arrives."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.config.runtime import Runtime
from ser_fop.streaming.opening import open_step
from ser_fop.streaming.sample_buffer import SampleBuffer, checked_chunk
from ser_fop.streaming.stream_sizes import StreamSizes
from ser_fop.streaming.stream_states import OwnStates, StreamStates


class StreamingEncoder:
    """Computes the outputs of a causal network from chunks of samples of any size.

    For any division into chunks, the outputs equal those of the whole recording: each step gives the hidden states of
    its frames, or the class probabilities of the recording so far.

    Args:
        step: The step of the network, a `StreamStep` or an `OnnxStep`.
        streams: Number of streams that are pushed together, with equal numbers of samples.
        forget_s: Time constant in seconds after which earlier steps count less in the pooling; 0 forgets nothing.
        states: Where the states of the streams are; by default, in the encoder itself.

    Attributes:
        sample_rate_hz: Sample rate of the samples.
        hop_s: Time from one step to the next, in seconds.

    Example:
        >>> encoder = StreamingEncoder.load("fop-librispeech")
        >>> encoder.push(np.zeros(16000, np.float32))["h1"].shape
        (1, 24, 256)
    """

    def __init__(
        self, step: StreamSizes, *, streams: int = 1, forget_s: float = 0.0, states: StreamStates | None = None
    ) -> None:
        self._step = step
        self._streams = streams
        self._keep = math.exp(-step.hop_s / forget_s) if forget_s else 1.0
        self._states = states or OwnStates(step, streams)
        self._buffer = SampleBuffer(
            streams=streams,
            window_samples=step.window_samples,
            hop_samples=step.hop_samples,
            most_steps=step.most_steps,
        )
        self.sample_rate_hz = step.spec.features.sample_rate_hz
        self.hop_s = step.hop_s
        self.reset()

    @classmethod
    def load(
        cls, model: str | Path, *, streams: int = 1, context_s: float = 10.0, runtime: Runtime = "auto"
    ) -> "StreamingEncoder":
        """Load a causal network.

        Args:
            model: Run folder of `pretrain` or `finetune`, exported model, or name of a published model.
            streams: Number of streams that are pushed together.
            context_s: Time to which a transformer attends, in seconds.
            runtime: See `open_step`.

        Raises:
            InputError: If there is no network, it is not causal, or it has no twin for the runtime.
        """
        return cls(open_step(model, context_s=context_s, runtime=runtime), streams=streams)

    def reset(self) -> None:
        """Begin new streams."""
        self._buffer.reset()
        self._states.reset()

    def push(self, samples: np.ndarray) -> Mapping[str, np.ndarray]:
        """Add samples, and return the outputs of the steps that are complete now.

        Args:
            samples: Shape (samples,) for one stream, or (streams, samples); values from -1 to 1.

        Returns:
            Outputs by name, (streams, steps, width): `scores` of a classifier, else the hidden states.

        Raises:
            InputError: If the samples are unusable. The streams can go on with others.
        """
        chunk = checked_chunk(samples, self._streams)
        return _joined([self._advance(samples) for samples in self._buffer.push(chunk)])

    def flush(self) -> Mapping[str, np.ndarray]:
        """Return the outputs of the last, incomplete step, and begin new streams.

        Returns:
            As `push` does, of one step or of none.
        """
        features = self._step.spec.features
        frames = 1 + (self._buffer.rest.shape[1] - window_length(features)) // hop_length(features)
        rest = self._buffer.padded_rest()
        last = [self._states.advance(rest, frames, self._keep)] if frames > 0 else []
        self.reset()
        return _joined(last)

    def _advance(self, samples: np.ndarray) -> Mapping[str, np.ndarray]:
        frames = self._step.frames * self._step.steps_of(samples.shape[1])
        return self._states.advance(samples, frames, self._keep)


def _joined(blocks: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in (blocks[0] if blocks else ())}
