"""EMO-DB, the Berlin database of emotional speech: ten speakers, seven emotions, German."""

import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance

EMOTIONS = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness", "N": "neutral"}
GENDERS = {"03": "M", "08": "F", "09": "F", "10": "M", "11": "M", "12": "M", "13": "F", "14": "F", "15": "M", "16": "F"}
# speaker, text, emotion (first letter of the German word), version
_NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-z]?)$")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `03a01Fa.wav` and similar names below a folder.

    Args:
        folder: Folder that contains `wav/`, or the files themselves.
        options: `labels` may select some of the seven emotions.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    labels = chosen_labels(options.labels, tuple(EMOTIONS.values()), "EMO-DB")
    audio = find_audio(require_folder(folder, "emodb"), (".wav", ".flac"))
    utterances, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None or name[1] not in GENDERS:
            problems.append(Problem(file=file, message="its name is not that of an EMO-DB utterance; skipped"))
            continue
        annotation = EMOTIONS[name[3]]
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                speaker=name[1],
                gender=GENDERS[name[1]],
                style="scripted",
                label=annotation if annotation in labels else "",
                annotation=annotation,
            )
        )
    return listing(
        corpus="emodb",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="wav/03a01Fa.wav",
    )


CORPUS = Corpus(
    name="emodb",
    title="EMO-DB",
    licence="free for research, see the publisher's page",
    citation="Burkhardt et al. 2005, A database of German emotional speech",
    url="http://emodb.bilderbar.info/",
    read=read,
)
