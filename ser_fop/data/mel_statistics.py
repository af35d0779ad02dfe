"""Sums over the log-mels of utterances."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class MelStatistics:
    """Sums per utterance, from which mean and standard deviation over any set of utterances are computed.

    Attributes:
        count: Number of frames, (utterances,).
        total: Sum over frames, (utterances, mels).
        squares: Sum of squares over frames, (utterances, mels).
    """

    count: np.ndarray
    total: np.ndarray
    squares: np.ndarray
