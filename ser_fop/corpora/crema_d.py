"""CREMA-D: 91 actors, six emotions."""

import csv
import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance

LABELS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
# actor, sentence, emotion, level (a few names of the release carry an `X` for `XX`)
_NAME = re.compile(r"(1\d{3})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})$")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `1001_DFA_ANG_XX.wav` and similar names below a folder.

    Args:
        folder: Folder that contains `AudioWAV/`, or the files themselves.
        options: `labels` may select some of the six emotions.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    labels = chosen_labels(options.labels, LABELS, "CREMA-D")
    genders = _genders(require_folder(folder, "crema_d"))
    audio = find_audio(folder, (".wav", ".flac"))
    utterances, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None or name[3] not in LABELS:
            problems.append(Problem(file=file, message="its name is not that of a CREMA-D utterance; skipped"))
            continue
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                speaker=name[1],
                gender=genders.get(name[1], ""),
                style="scripted",
                label=name[3] if name[3] in labels else "",
                annotation=name[3],
            )
        )
    return listing(
        corpus="crema_d",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="AudioWAV/1001_DFA_ANG_XX.wav",
    )


def _genders(folder: Path) -> dict[str, str]:
    """Read `VideoDemographics.csv`, if there is one; rows without a gender are ignored."""
    for path in (folder / "VideoDemographics.csv", folder.parent / "VideoDemographics.csv"):
        if path.is_file():
            with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
                sexes = {line.get("ActorID"): (line.get("Sex") or "")[:1].upper() for line in csv.DictReader(file)}
            return {actor: sex for actor, sex in sexes.items() if actor and sex in ("F", "M")}
    return {}


CORPUS = Corpus(
    name="crema_d",
    title="CREMA-D",
    licence="Open Database License 1.0",
    citation="Cao et al. 2014, CREMA-D: Crowd-sourced emotional multimodal actors dataset",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    read=read,
)
