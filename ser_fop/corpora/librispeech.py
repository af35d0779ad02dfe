"""LibriSpeech: unlabelled read English."""

import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import require_no_labels
from ser_fop.corpora.schema import Utterance

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)$")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `<subset>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac` below a folder.

    Args:
        folder: `LibriSpeech`, the folder above, or one subset.
        options: No option applies; labels are refused.

    Raises:
        InputError: If there is no utterance, or labels are given.
    """
    require_no_labels(options.labels, "librispeech")
    require_folder(folder, "librispeech")
    genders = _genders(folder)
    audio = find_audio(folder, (".flac", ".wav"))
    utterances, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None or path.parent.name != name[2] or path.parent.parent.name != name[1]:
            problems.append(
                Problem(file=file, message="is not <speaker>/<chapter>/<speaker>-<chapter>-<number>; skipped")
            )
            continue
        utterances.append(
            Utterance(
                id=path.stem, file=file, speaker=name[1], session="", gender=genders.get(name[1], ""), style="read"
            )
        )
    return listing(
        corpus="librispeech",
        folder=folder,
        utterances=utterances,
        problems=problems,
        expected="<subset>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac",
    )


def _genders(folder: Path) -> dict[str, str]:
    """Read `SPEAKERS.TXT`, if there is one: `id | sex | subset | minutes | name`, comments with `;`."""
    for path in (folder / "SPEAKERS.TXT", folder / "LibriSpeech" / "SPEAKERS.TXT", folder.parent / "SPEAKERS.TXT"):
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            fields = [[field.strip() for field in line.split("|")] for line in lines if not line.startswith(";")]
            return {line[0]: line[1] for line in fields if len(line) > 1 and line[1] in ("F", "M")}
    return {}


CORPUS = Corpus(
    name="librispeech",
    title="LibriSpeech",
    licence="CC BY 4.0",
    citation="Panayotov, Chen, Povey and Khudanpur 2015, LibriSpeech: an ASR corpus based on public domain audio books",
    url="https://www.openslr.org/12",
    read=read,
)
