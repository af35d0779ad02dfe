"""Samples of streams, cut into the overlapping windows of steps."""

from collections.abc import Iterator

import numpy as np

from ser_fop.corpora.audio import LARGEST_PEAK
from ser_fop.errors import InputError


class SampleBuffer:
    """Collects chunks of any size, and gives the samples of the steps that are complete.

    Args:
        streams: Number of streams that are pushed together.
        window_samples: Samples of a step.
        hop_samples: Samples from one step to the next, at most `window_samples`.
        most_steps: Largest number of steps to give at once, a power of two.

    Example:
        >>> buffer = SampleBuffer(streams=1, window_samples=3, hop_samples=2)
        >>> [step.tolist() for step in buffer.push(np.arange(6, dtype=np.float32)[np.newaxis] / 10)]
        [[[0.0, 0.1...
    """

    def __init__(self, *, streams: int, window_samples: int, hop_samples: int, most_steps: int = 1) -> None:
        self._window, self._hop, self._most = window_samples, hop_samples, most_steps
        self._streams = streams
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.rest = np.zeros((self._streams, 0), np.float32)

    def push(self, chunk: np.ndarray) -> Iterator[np.ndarray]:
        """Add samples, and yield those of the complete steps, in blocks of 1, 2, 4 .. steps: (streams, samples).

        Args:
            chunk: Checked samples, (streams, samples).
        """
        self.rest = np.concatenate([self.rest, chunk], axis=1)
        first = 0
        while (steps := 1 + (self.rest.shape[1] - first - self._window) // self._hop) > 0:
            count = self._most
            while count > steps:
                count //= 2
            yield self.rest[:, first : first + self._window + (count - 1) * self._hop]
            first += count * self._hop
        self.rest = self.rest[:, first:]

    def padded_rest(self) -> np.ndarray:
        """Return the samples after the last complete step, padded with zeros, (streams, window_samples)."""
        return np.pad(self.rest, ((0, 0), (0, self._window - self.rest.shape[1])))


def checked_chunk(samples: np.ndarray, streams: int) -> np.ndarray:
    """Return a chunk as (streams, samples), float32.

    Args:
        samples: Shape (samples,) for one stream, or (streams, samples).
        streams: Number of streams.

    Raises:
        InputError: If the shape is wrong, or a value is not a number or out of range.
    """
    chunk = np.asarray(samples)
    chunk = chunk[np.newaxis] if chunk.ndim == 1 else chunk
    if chunk.ndim != 2 or len(chunk) != streams or chunk.dtype.kind != "f":
        raise InputError(
            f"a chunk expected floating-point samples of shape ({streams}, samples), received {chunk.dtype} of shape"
            f" {np.shape(samples)}. Divide 16-bit integers by 32768."
        )
    if chunk.size and not np.abs(chunk).max() <= LARGEST_PEAK:
        raise InputError(
            f"a chunk expected finite samples from -1 to 1, received {chunk.flat[np.abs(chunk).argmax()]:g}."
            " Divide 16-bit integers by 32768."
        )
    return chunk.astype(np.float32, copy=False)
