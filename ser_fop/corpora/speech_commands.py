"""Google Speech Commands v1 and v2: single English words of one second, by thousands of volunteers.

The default protocol has one class for each word: 35 of v2, 30 of v1. Every recording then has a label, and no class is made
up. `--labels 12-class` is the other published protocol: ten commands, `unknown` for other words, and `silence`.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ser_fop.corpora.audio_files import Problem, find_audio
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.speech_commands_noise import NOISE_FOLDER, read_silence
from ser_fop.corpora.speech_commands_split import list_problems, part_of_speaker
from ser_fop.corpora.split_column import SPLIT

NAME, TITLE = "speech_commands", "Speech Commands"
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_OTHERS = ("bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow")
_NEW = ("backward", "forward", "follow", "learn", "visual")
WORDS_V1 = (*COMMANDS, *_DIGITS, *_OTHERS)
WORDS = (*WORDS_V1, *_NEW)
_KNOWN = frozenset(WORDS)
UNKNOWN, SILENCE = "unknown", "silence"
TWELVE = (*COMMANDS, UNKNOWN, SILENCE)
# Name of the twelve classes in `--labels`.
TWELVE_CLASS = "12-class"

# speaker, number of the recording of this word by this speaker
_NAME = re.compile(r"([0-9a-z]+)_nohash_(\d+)$")


class _Recording(NamedTuple):
    """One recording of a word."""

    id: str
    file: str
    speaker: str
    word: str
    part: str


def read(folder: Path, options: ReadOptions) -> Listing:
    """List `<word>/<speaker>_nohash_<number>.wav` below a folder.

    Args:
        folder: Folder that contains a folder for each word, at any depth.
        options: `labels` may be `12-class`, or some of the words, `unknown` and `silence`. `unknown` stands for the words
            that are not named; in each part it has as many utterances as a named word has on average. `silence` is the
            seconds of the recordings of noise.

    Raises:
        InputError: If there is no utterance, or a label is unknown.

    Example:
        >>> read(Path("speech_commands_v0.02"), ReadOptions(labels=("yes", "no", "unknown")))  # doctest: +SKIP
    """
    audio = find_audio(require_folder(folder, NAME), (".wav", ".flac"))
    noises = [path for path in audio.files if path.parent.name == NOISE_FOLDER]
    recordings, problems = _recordings(audio.files, folder)
    problems = [*audio.problems, *problems]
    parts = {f"{one.id}.wav": one.part for one in recordings}
    problems += list_problems(parts, audio.files, folder=folder)
    labels = _labels(options.labels, {one.word for one in recordings})
    utterances = _utterances(recordings, labels)
    if SILENCE in labels:
        silence, noise_problems = read_silence(noises, folder=folder, label=SILENCE)
        utterances, problems = utterances + silence, problems + noise_problems
    return listing(
        corpus=NAME,
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="yes/004ae714_nohash_0.wav",
    )


def _labels(selected: tuple[str, ...], found: set[str]) -> tuple[str, ...]:
    words = WORDS if found & set(_NEW) else WORDS_V1
    if selected == (TWELVE_CLASS,):
        return TWELVE
    return chosen_labels(selected, (*words, UNKNOWN, SILENCE), TITLE) if selected else words


def _recordings(files: Sequence[Path], folder: Path) -> tuple[list[_Recording], list[Problem]]:
    recordings, problems = [], []
    strange: Counter[str] = Counter()
    for path in files:
        word, file = path.parent.name, path.relative_to(folder).as_posix()
        if word == NOISE_FOLDER:
            continue
        if word not in _KNOWN:
            strange[file.rpartition("/")[0] or "."] += 1
        elif name := _NAME.match(path.stem):
            recordings.append(
                _Recording(f"{word}/{path.stem}", file, name[1], word, part_of_speaker(name[1])),
            )
        else:
            problems.append(Problem(file=file, message="its name is not <speaker>_nohash_<number>; skipped"))
    for place, count in sorted(strange.items()):
        message = f"is no word of {TITLE}, and has {count} recording{'s' * (count > 1)}; skipped"
        problems.append(Problem(file=place, message=message))
    return recordings, problems


def _utterances(recordings: Sequence[_Recording], labels: tuple[str, ...]) -> list[Utterance]:
    words = _KNOWN & set(labels)
    others = _unknown_ids(recordings, words) if UNKNOWN in labels else frozenset()
    # Few columns differ: utterances share them, since there may be more than 100,000.
    columns = {(one.word, one.part): (("word", one.word), (SPLIT, one.part)) for one in recordings}
    return [
        Utterance(
            id=one.id,
            file=one.file,
            speaker=one.speaker,
            label=one.word if one.word in words else UNKNOWN if one.id in others else "",
            annotation=one.word,
            columns=columns[one.word, one.part],
        )
        for one in recordings
    ]


def _unknown_ids(recordings: Sequence[_Recording], words: frozenset[str]) -> frozenset[str]:
    """Return the ids of the utterances that are `unknown`: in each part as many as a named word has on average."""
    named: Counter[str] = Counter()
    others: dict[str, list[str]] = defaultdict(list)
    for one in recordings:
        if one.word in words:
            named[one.part] += 1
        else:
            others[one.part].append(one.id)
    kept: list[str] = []
    for part, ids in others.items():
        count = math.ceil(named[part] / len(words)) if words else len(ids)
        # The order depends on nothing but the names.
        kept += sorted(ids, key=lambda name: hashlib.sha256(name.encode()).digest())[:count]
    return frozenset(kept)


CORPUS = Corpus(
    name=NAME,
    title=TITLE,
    licence="CC BY 4.0",
    citation="Warden 2018, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, arXiv 1804.03209",
    url="https://arxiv.org/abs/1804.03209",
    read=read,
    target="keyword",
)
