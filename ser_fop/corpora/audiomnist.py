"""AudioMNIST: English digits by 60 speakers, 50 times each."""

import json
import re
from pathlib import Path
from typing import Any

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.companions import find_companion
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance

DIGITS = tuple("0123456789")
META = "audioMNIST_meta.txt"
# digit, speaker, index
_NAME = re.compile(r"(\d)_(\d\d)_(\d+)$")
_GENDERS = {"male": "M", "female": "F"}
# The file states an age of 1234 for speaker 45.
_MAX_AGE = 120


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `data/01/0_01_0.wav` and similar names below a folder.

    Args:
        folder: Folder that contains `data/`, or the folders of the speakers.
        options: `labels` may select some of the ten digits.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    labels = chosen_labels(options.labels, DIGITS, "AudioMNIST")
    audio = find_audio(require_folder(folder, "audiomnist"), (".wav", ".flac"))
    people, problems = _people(find_companion(META, audio.files, folder=folder))
    utterances, problems = [], [*audio.problems, *problems]
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None or path.parent.name != name[2]:
            problems.append(Problem(file=file, message="is not <speaker>/<digit>_<speaker>_<index>; skipped"))
            continue
        digit, speaker, _ = name.groups()
        person = people.get(speaker, {})
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                speaker=speaker,
                gender=_GENDERS.get(person.get("gender", ""), ""),
                style="read",
                label=digit if digit in labels else "",
                annotation=digit,
                columns=(("accent", str(person.get("accent", ""))), ("age", _age(person.get("age", "")))),
            )
        )
    return listing(
        corpus="audiomnist",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="data/01/0_01_0.wav",
    )


def _people(path: Path | None) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Read `audioMNIST_meta.txt`, which is JSON by speaker. Without it, genders, accents and ages are blank."""
    if path is None:
        return {}, []
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        return {speaker: dict(person) for speaker, person in found.items()}, []
    except (ValueError, TypeError, AttributeError):
        return {}, [Problem(file=META, message="is not JSON with an object for each speaker; ignored")]


def _age(stated: Any) -> str:
    text = str(stated)
    return text if text.isdecimal() and 0 < int(text) <= _MAX_AGE else ""


CORPUS = Corpus(
    name="audiomnist",
    title="AudioMNIST",
    licence="MIT",
    citation="Becker et al. 2018, Interpreting and Explaining Deep Neural Networks for Classification of Audio Signals,"
    " arXiv 1807.03418",
    url="https://github.com/soerenab/AudioMNIST",
    read=read,
    target="digit",
)
