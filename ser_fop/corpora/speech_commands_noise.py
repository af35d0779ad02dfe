"""The class `silence` of Speech Commands: seconds of the recordings of background noise."""

from collections.abc import Sequence
from pathlib import Path

from ser_fop.corpora.audio import duration_s
from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.opening import AudioError
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.split_column import SPLIT, TEST, TRAIN, VALIDATION

NOISE_FOLDER = "_background_noise_"
# The publisher does not divide the noise. These parts have 122, 61 and 216 of its six recordings' seconds, and each has
# a recording of something real. TensorFlow Datasets too validates on the running tap.
_PARTS = {"dude_miaowing": TEST, "pink_noise": TEST, "running_tap": VALIDATION}


def read_silence(recordings: Sequence[Path], *, folder: Path, label: str) -> tuple[list[Utterance], list[Problem]]:
    """Cut recordings of noise into utterances of one second.

    Args:
        recordings: Audio files in `_background_noise_`.
        folder: Folder of the corpus.
        label: Label of the utterances.

    Returns:
        The utterances and the problems. All seconds of a recording have the same speaker, such as `noise_running_tap`,
        and the same part. No fold can thus train on the noise that it tests.
    """
    utterances, problems = [], []
    if not recordings:
        problems.append(Problem(file=NOISE_FOLDER, message=f"has no recording, so {label!r} has no utterance"))
    for path in recordings:
        file = path.relative_to(folder).as_posix()
        try:
            seconds = int(duration_s(path))
        except AudioError as error:
            problems.append(Problem(file=file, message=str(error)))
            continue
        columns = (("word", ""), (SPLIT, _PARTS.get(path.stem, TRAIN)))
        utterances += [
            Utterance(
                id=f"{NOISE_FOLDER}/{path.stem}_{start:03d}",
                file=file,
                speaker=f"noise_{path.stem}",
                start_s=float(start),
                end_s=start + 1.0,
                label=label,
                annotation=NOISE_FOLDER,
                columns=columns,
            )
            for start in range(seconds)
        ]
    return utterances, problems
