"""Arrays that tests feed to layers and networks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Return standard normal numbers, float32; the same arguments give the same ones."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def mask_of(lengths: Sequence[int], frames: int) -> np.ndarray:
    """Return a mask (utterances, frames) that is true on the first `lengths` frames of each."""
    return np.arange(frames) < np.array(lengths)[:, None]


def network_inputs(lengths: Sequence[int], mels: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Return `mel` (utterances, frames, mels) and `mask`, as long as the longest."""
    frames = max(lengths)
    return {"mel": normal(len(lengths), frames, mels, seed=seed), "mask": mask_of(lengths, frames)}


def output_of(network: Any) -> Callable[..., Any]:
    """Return a network as a function of log-mels and, if not all frames are real, a mask, as assertions call it."""

    def call(mel: np.ndarray, mask: np.ndarray | None = None) -> Any:
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return network({"mel": mel, "mask": mask}, training=False)

    return call
