"""Where the states of streams are between two steps."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from ser_fop.streaming.stream_step import StreamStep


class StreamStates(Protocol):
    """States of one or more streams that take their steps together."""

    def reset(self) -> None:
        """Begin new streams."""

    def advance(self, window: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take one step, and return its outputs by name, (streams, width).

        Args:
            window: Samples of the step, (streams, window_samples).
            frames: Number of real frames of the step.
            keep: Weight of the earlier steps in the pooling relative to what they had before.
        """


class OwnStates:
    """States of streams that no other stream shares a step with.

    Args:
        step: The step.
        streams: Number of streams.
    """

    def __init__(self, step: StreamStep, streams: int) -> None:
        self._step, self._streams = step, streams
        self.reset()

    def reset(self) -> None:
        """Begin new streams."""
        self._state = self._step.initial_state(self._streams)

    def advance(self, window: np.ndarray, frames: int, keep: float) -> Mapping[str, np.ndarray]:
        """Take one step, and return its outputs by name, (streams, width)."""
        count = tf.fill([self._streams], frames)
        outputs, self._state = self._step.step(tf.constant(window), count, tf.constant(keep), self._state)
        return {name: value.numpy() for name, value in outputs.items()}
