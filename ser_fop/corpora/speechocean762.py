"""speechocean762: English read by 250 speakers of Mandarin, half of them children. It has no labels of its own."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.companions import find_companion, read_lines
from ser_fop.corpora.labels import require_no_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.split_column import SPLIT, TEST, TRAIN

NAME = "speechocean762"
_FOLDER = re.compile(r"SPEAKER(\d{4})$")
_TABLES = ("wav.scp", "text", "spk2age", "spk2gender")
_GENDERS = {"f": "F", "m": "M"}


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `WAVE/SPEAKER0001/000010011.WAV` and similar paths below a folder.

    Args:
        folder: Folder that contains `WAVE`, `train` and `test`, or its parent.
        options: No option applies; labels are refused.

    Returns:
        The utterances that `train/wav.scp` and `test/wav.scp` list; all recordings if both are missing. The columns are
        `split`, `text` and `age`.

    Raises:
        InputError: If there is no utterance, or labels are given.
    """
    require_no_labels(options.labels, NAME)
    audio = find_audio(require_folder(folder, NAME), (".wav", ".flac"))
    tables = _tables(audio.files, folder)
    listed = tables["wav.scp"]
    utterances, problems, unlisted = [], list(audio.problems), []
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        speaker = _FOLDER.match(path.parent.name)
        if speaker is None:
            problems.append(Problem(file=file, message="is not in a folder SPEAKER<number>; skipped"))
        elif listed and path.stem not in listed:
            unlisted.append(file)
        else:
            utterances.append(_utterance(path.stem, file, speaker[1], tables))
    missing = sorted(listed.keys() - {one.id for one in utterances})
    for names, message in ((unlisted, "recordings are not listed"), (missing, "listed recordings do not exist")):
        if names:
            text = f"{len(names)} {message}, the first is {names[0]}; skipped"
            problems.append(Problem(file="wav.scp", message=text))
    return listing(
        corpus=NAME,
        folder=folder,
        utterances=utterances,
        problems=problems,
        expected="WAVE/SPEAKER0001/000010011.WAV",
    )


def _utterance(name: str, file: str, speaker: str, tables: Mapping[str, Mapping[str, str]]) -> Utterance:
    columns = {
        SPLIT: tables[SPLIT].get(name, ""),
        "text": tables["text"].get(name, ""),
        "age": tables["spk2age"].get(speaker, ""),
    }
    return Utterance(
        id=name,
        file=file,
        speaker=speaker,
        gender=_GENDERS.get(tables["spk2gender"].get(speaker, ""), ""),
        style="read",
        columns=tuple(columns.items()),
    )


def _tables(files: Sequence[Path], folder: Path) -> dict[str, dict[str, str]]:
    """Read the Kaldi tables of both parts, each by its name, and the part of each utterance."""
    tables: dict[str, dict[str, str]] = {name: {} for name in (*_TABLES, SPLIT)}
    for part in (TRAIN, TEST):
        for name in _TABLES:
            lines = read_lines(find_companion(f"{part}/{name}", files, folder=folder))
            # A key and its value, with a tab or a space between.
            found = {line[0]: line[1].strip() for line in (text.split(maxsplit=1) for text in lines) if len(line) > 1}
            tables[name] |= found
            if name == "wav.scp":
                tables[SPLIT] |= dict.fromkeys(found, part)
    return tables


CORPUS = Corpus(
    name=NAME,
    title="speechocean762",
    licence="free for commercial and non-commercial use, as its README states",
    citation="Zhang et al. 2021, speechocean762: An Open-Source Non-native English Speech Corpus For Pronunciation"
    " Assessment, Interspeech",
    url="https://www.openslr.org/101",
    read=read,
)
