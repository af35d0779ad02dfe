"""EmoSpeechCommands: Indian English and Hindi keywords, spoken with four emotions in the wild."""

from pathlib import Path

from ser_fop.corpora.audio_files import LIBSNDFILE_SUFFIXES, Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.companions import find_companion
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import UNKNOWN_SPEAKER, Utterance
from ser_fop.errors import InputError
from ser_fop.utils.csv_io import CsvTable

NAME = "emospeechcommands"
EMOTIONS = ("angry", "calm", "fearful", "happy")
METADATA = "metadata.csv"
_COLUMNS = ("file", "speaker", "emotion", "word")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List the rows of `metadata.csv` whose audio exists.

    Args:
        folder: Folder that contains `metadata.csv` and `audio/`, or its parent.
        options: `labels` may select some of the four emotions.

    Returns:
        Utterances with the keyword in the column `word`. A speaker that is blank or `unknown` is nobody known: such
        utterances may be trained on, and never tested.

    Raises:
        InputError: If there is no utterance, a label is unknown, or `metadata.csv` is missing or lacks a column.
    """
    labels = chosen_labels(options.labels, EMOTIONS, "EmoSpeechCommands")
    audio = find_audio(require_folder(folder, NAME), LIBSNDFILE_SUFFIXES)
    path = find_companion(METADATA, audio.files, folder=folder)
    expected = f"{METADATA} with the columns {', '.join(_COLUMNS)}, and audio/00000.ogg"
    if path is None:
        raise InputError(f"{folder} contains no {METADATA}: expected {expected}. Give --audio-dir their folder.")
    files = {file.relative_to(path.parent).as_posix(): file for file in audio.files if file.is_relative_to(path.parent)}
    utterances, problems = [], list(audio.problems)
    for row, fields in _rows(path):
        found = files.pop(fields["file"], None)
        if found is None:
            message = f"row {row} of {METADATA} lists it, but it does not exist, or an earlier row lists it; skipped"
            problems.append(Problem(file=fields["file"], message=message))
            continue
        emotion = fields["emotion"]
        utterances.append(
            Utterance(
                id=found.stem,
                file=found.relative_to(folder).as_posix(),
                speaker=fields["speaker"] or UNKNOWN_SPEAKER,
                label=emotion if emotion in labels else "",
                annotation=emotion,
                columns=(("word", fields["word"]),),
            )
        )
    problems += [Problem(file=file, message=f"is not in {METADATA}; skipped") for file in sorted(files)]
    return listing(
        corpus=NAME, folder=folder, utterances=utterances, labels=labels, problems=problems, expected=expected
    )


def _rows(path: Path) -> CsvTable:
    table = CsvTable(path, expected=_COLUMNS)
    if missing := [name for name in _COLUMNS if name not in table.columns]:
        raise InputError(
            f"{path} lacks the column {missing[0]}: expected {', '.join(_COLUMNS)}, received"
            f" {', '.join(table.columns) or 'nothing'}."
        )
    return table


CORPUS = Corpus(
    name=NAME,
    title="EmoSpeechCommands",
    licence="CC BY-NC-SA 4.0",
    citation="RakshakTeam, emospeech-dataset-v1",
    url="https://huggingface.co/datasets/RakshakTeam/emospeech-dataset-v1",
    read=read,
)
