"""Input and output of a predictor: recordings and their predictions."""

import dataclasses
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ser_fop.inference.labelled_answer import LabelledAnswer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording, or a segment of it.

    Attributes:
        source: A file, an open file (standard input), or an array of shape (samples,) or (samples, channels).
        name: Name of the recording in the predictions, usually the path of the file.
        sample_rate_hz: Sample rate of an array, in Hz. Files contain their own sample rate.
        start_s: Start of the segment, in seconds.
        end_s: End of the segment, in seconds. None means the end of the recording.
    """

    source: Path | BinaryIO | np.ndarray
    name: str = ""
    sample_rate_hz: int = 0
    start_s: float = 0.0
    end_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recognition(LabelledAnswer):
    """The prediction for a recording, or for a segment of it.

    The label is also an attribute with the name of the target, such as `emotion` or `keyword`.

    Attributes:
        name: Name of the recording.
        start_s: Start of the segment, in seconds from the start of the recording.
        end_s: End of the segment, in seconds from the start of the recording.
        label: The predicted class; `unsure` if the model's confidence is below its threshold. It is empty if there is a
            problem.
        target: What the classes tell.
        probabilities: Probability of each class.
        reason: Why the answer is unsure or doubtful: `low confidence`, `short`, `clipped`, `band-limited`, joined by
            `; `. It is empty without a doubt.
        problem: Reason why there is no prediction. It is empty if there is one.
    """

    name: str
    start_s: float
    end_s: float
    problem: str = ""
