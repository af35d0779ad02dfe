"""VoxCeleb1: interviews with 1251 celebrities, for the identification of speakers."""

import re
from collections.abc import Mapping
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.companions import find_companion, read_lines
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.split_column import SPLIT, TEST, TRAIN, VALIDATION
from ser_fop.corpora.targets import SPEAKER

LIST, META = "iden_split.txt", "vox1_meta.csv"
# speaker, video, number
_PATH = re.compile(r"(?:.*/)?(id\d+)/([^/]+)/(\d+)\.\w+$")
_PARTS = {"1": TRAIN, "2": VALIDATION, "3": TEST}
_GENDERS = {"f": "F", "m": "M"}


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `wav/id10001/1zcIwhmdeo4/00001.wav` and similar paths below a folder.

    Args:
        folder: Folder that contains `wav/`, or the folders of the speakers at any depth. `iden_split.txt` and
            `vox1_meta.csv` lie in it or above it; both may be missing.
        options: `labels` may select some of the speakers.

    Returns:
        Utterances whose label is the speaker and whose session is the video. The column `split` is the part of the
        identification list.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    audio = find_audio(require_folder(folder, "voxceleb1"), (".wav", ".flac"))
    parts = _parts(find_companion(LIST, audio.files, folder=folder))
    people = _people(find_companion(META, audio.files, folder=folder))
    recordings, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        found = _PATH.match(path.as_posix())
        if found is None:
            problems.append(Problem(file=file, message="is not <speaker>/<video>/<number>.wav; skipped"))
            continue
        recordings.append((file, *found.groups()))
    labels = chosen_labels(options.labels, tuple(sorted({speaker for _, speaker, _, _ in recordings})), "VoxCeleb1")
    utterances = []
    for file, speaker, video, number in recordings:
        gender, nationality = people.get(speaker, ("", ""))
        name = f"{speaker}/{video}/{number}"
        utterances.append(
            Utterance(
                id=name,
                file=file,
                speaker=speaker,
                session=video,
                gender=gender,
                label=speaker if speaker in labels else "",
                annotation=speaker,
                columns=((SPLIT, parts.get(name, "")), ("nationality", nationality)),
            )
        )
    return listing(
        corpus="voxceleb1",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=[*problems, *_list_problems(parts, {one.id for one in utterances})],
        expected="wav/id10001/1zcIwhmdeo4/00001.wav",
    )


def _parts(path: Path | None) -> dict[str, str]:
    """Read `iden_split.txt`: `1` (training), `2` (validation) or `3` (test), and a path, on each line."""
    fields = [line.split() for line in read_lines(path)]
    return {line[1].rpartition(".")[0]: _PARTS[line[0]] for line in fields if len(line) == 2 and line[0] in _PARTS}


def _people(path: Path | None) -> dict[str, tuple[str, str]]:
    """Return gender and nationality by speaker, from `vox1_meta.csv`: id, name, gender, nationality and set, by tabs."""
    # Some copies have each line in quotes.
    fields = [line.strip().strip('"').split("\t") for line in read_lines(path)]
    return {line[0]: (_GENDERS[line[2]], line[3]) for line in fields if len(line) > 3 and line[2] in _GENDERS}


def _list_problems(parts: Mapping[str, str], found: set[str]) -> list[Problem]:
    """Report how the identification list and the recordings differ. A missing list is no problem."""
    problems = []
    for names, message in (
        (found - parts.keys() if parts else set(), "does not list {} recordings, which have no part"),
        (parts.keys() - found, "lists {} recordings that the folder does not contain"),
    ):
        if names:
            text = f"{message.format(len(names))}; the first is {min(names)}"
            problems.append(Problem(file=LIST, message=text))
    return problems


CORPUS = Corpus(
    name="voxceleb1",
    title="VoxCeleb1",
    licence="CC BY 4.0; the owners of the videos keep the copyright of the audio",
    citation="Nagrani, Chung and Zisserman 2017, VoxCeleb: a large-scale speaker identification dataset",
    url="https://mm.kaist.ac.kr/datasets/voxceleb/",
    read=read,
    target=SPEAKER,
)
