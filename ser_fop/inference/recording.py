"""What is asked about, and what is answered."""

import dataclasses
from pathlib import Path
from typing import BinaryIO

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recording:
    """What is to be recognised.

    Attributes:
        source: A file, an open one (standard input), or samples (samples,) or (samples, channels).
        name: What answers call it; the file's path by default.
        sample_rate_hz: Rate of samples; files say it themselves.
        start_s: Where to start, in seconds.
        end_s: Where to end; None is the end.
    """

    source: Path | BinaryIO | np.ndarray
    name: str = ""
    sample_rate_hz: int = 0
    start_s: float = 0.0
    end_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recognition:
    """The answer for a recording, or for a stretch of it.

    Attributes:
        name: The recording.
        start_s: Where the stretch starts, in seconds from the recording's beginning.
        end_s: Where it ends.
        emotion: The answer; empty where there is a problem.
        probabilities: Probability of each class.
        problem: Why there is no answer.
    """

    name: str
    start_s: float
    end_s: float
    emotion: str = ""
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    problem: str = ""
