"""Where the states of streams are between two steps."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class StreamStates(Protocol):
    """States of one or more streams that take their steps together."""

    def reset(self) -> None:
        """Begin new streams."""

    def advance(self, samples: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take the next steps, and return their outputs by name, (streams, steps, width).

        Args:
            samples: Samples of whole steps, (streams, samples).
            frames: Number of real frames.
            keep: Weight of the earlier steps in the pooling relative to what they had before.
        """


class OwnStates:
    """States of streams that no other stream shares a step with.

    Args:
        step: The step, in any runtime.
        streams: Number of streams.
    """

    def __init__(self, step: Any, streams: int) -> None:
        self._step, self._streams = step, streams
        self.reset()

    def reset(self) -> None:
        """Begin new streams."""
        self._state = self._step.initial_state(self._streams)

    def advance(self, samples: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take the next steps, and return their outputs by name, (streams, steps, width)."""
        count = np.full(self._streams, frames, np.int32)
        kept = np.full((self._streams, 1), keep, np.float32)
        outputs, self._state = self._step.step(samples, count, kept, self._state)
        return {name: np.asarray(value) for name, value in outputs.items()}
