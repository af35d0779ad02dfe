"""Free Spoken Digit Dataset: English digits by six speakers, at 8 kHz."""

import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.split_column import SPLIT, TEST, TRAIN

DIGITS = tuple("0123456789")
# From `metadata.py` of the repository. All six speakers are men.
ACCENTS = {
    "george": "GRC/Greek",
    "jackson": "USA/neutral",
    "lucas": "DEU/German",
    "nicolas": "BEL/French",
    "theo": "USA/neutral",
    "yweweler": "DEU/German",
}
# digit, speaker, index
_NAME = re.compile(r"(\d)_([^_]+)_(\d+)$")
# The publisher tests recordings with a lower index. Their speakers are in training too, so no fold is made of it.
_FIRST_TRAINED = 5


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `7_jackson_32.wav` and similar names below a folder.

    Args:
        folder: Folder that contains `recordings/`, or the files themselves.
        options: `labels` may select some of the ten digits.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    labels = chosen_labels(options.labels, DIGITS, "FSDD")
    audio = find_audio(require_folder(folder, "fsdd"), (".wav", ".flac"))
    utterances, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None:
            problems.append(Problem(file=file, message="its name is not <digit>_<speaker>_<index>; skipped"))
            continue
        digit, speaker, index = name.groups()
        part = TRAIN if int(index) >= _FIRST_TRAINED else TEST
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                speaker=speaker,
                gender="M" if speaker in ACCENTS else "",
                style="read",
                label=digit if digit in labels else "",
                annotation=digit,
                columns=((SPLIT, part), ("accent", ACCENTS.get(speaker, ""))),
            )
        )
    return listing(
        corpus="fsdd",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="recordings/7_jackson_32.wav",
    )


CORPUS = Corpus(
    name="fsdd",
    title="Free Spoken Digit Dataset",
    licence="CC BY-SA 4.0",
    citation="Jackson et al., Free Spoken Digit Dataset v1.0.10, 2020",
    url="https://github.com/Jakobovski/free-spoken-digit-dataset",
    read=read,
    target="digit",
)
