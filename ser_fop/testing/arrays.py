"""Input arrays for tests of layers and networks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Return standard normal numbers as float32; the same arguments give the same numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def mask_of(lengths: Sequence[int], frames: int) -> np.ndarray:
    """Return a mask (batch, frames) that is true on the first `lengths[i]` frames of utterance i."""
    return np.arange(frames) < np.array(lengths)[:, None]


def network_inputs(lengths: Sequence[int], mels: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Return `mel` (batch, frames, mels) and `mask` (batch, frames), padded to the longest utterance."""
    frames = max(lengths)
    return {"mel": normal(len(lengths), frames, mels, seed=seed), "mask": mask_of(lengths, frames)}


def output_of(network: Any) -> Callable[..., Any]:
    """Return a network as a function of log-mels and an optional mask, for the functions of `assertions`."""

    def call(mel: np.ndarray, mask: np.ndarray | None = None) -> Any:
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return network({"mel": mel, "mask": mask}, training=False)

    return call
