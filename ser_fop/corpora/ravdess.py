"""RAVDESS, the speech part: 24 actors, eight emotions."""

import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# modality-channel-emotion-intensity-statement-repetition-actor
_NAME = re.compile(r"(\d\d)-(\d\d)-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)$")
ACTORS = 24
_INTENSITIES = {"01": "normal", "02": "strong"}
_STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_AUDIO_ONLY, _SPEECH = "03", "01"


def read(folder: Path, options: ReadOptions) -> Listing:
    """List the audio-only speech utterances below a folder.

    Args:
        folder: Folder that contains `Actor_01` .. `Actor_24` at any depth.
        options: `labels` may select some of the eight emotions.

    Raises:
        InputError: If there is no utterance, or a label is unknown.
    """
    labels = chosen_labels(options.labels, LABELS, "RAVDESS")
    audio = find_audio(require_folder(folder, "ravdess"), (".wav", ".flac"))
    utterances, problems = [], list(audio.problems)
    for path in audio.files:
        file = path.relative_to(folder).as_posix()
        name = _NAME.match(path.stem)
        if name is None:
            problems.append(Problem(file=file, message="its name is not that of a RAVDESS utterance; skipped"))
            continue
        modality, channel, emotion, intensity, statement, repetition, actor = name.groups()
        if (modality, channel) != (_AUDIO_ONLY, _SPEECH):
            problems.append(Problem(file=file, message="is not audio-only speech; skipped"))
            continue
        if not 1 <= int(actor) <= ACTORS:
            message = f"names actor {actor}, where RAVDESS has 01 to {ACTORS}; skipped"
            problems.append(Problem(file=file, message=message))
            continue
        speaker = f"Actor_{actor}"
        if path.parent.name.startswith("Actor_") and path.parent.name != speaker:
            problems.append(Problem(file=file, message=f"names actor {actor} but is in {path.parent.name}; skipped"))
            continue
        annotation = LABELS[int(emotion) - 1]
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                speaker=speaker,
                gender="M" if int(actor) % 2 else "F",
                style="scripted",
                label=annotation if annotation in labels else "",
                annotation=annotation,
                columns=(
                    ("intensity", _INTENSITIES[intensity]),
                    ("text", _STATEMENTS[statement]),
                    ("repetition", repetition.lstrip("0")),
                ),
            )
        )
    return listing(
        corpus="ravdess",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="Actor_01/03-01-01-01-01-01-01.wav",
    )


CORPUS = Corpus(
    name="ravdess",
    title="RAVDESS (speech)",
    licence="CC BY-NC-SA 4.0",
    citation="Livingstone and Russo 2018, PLoS ONE 13(5): e0196391",
    url="https://zenodo.org/records/1188976",
    read=read,
)
