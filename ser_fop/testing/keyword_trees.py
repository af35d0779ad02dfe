"""Small folder trees in the layouts of the corpora of keywords and digits, with unusual cases.

Each function writes into a given folder, which is the `--audio-dir`, and returns it. The audio depends on speaker and word,
so that a classifier can learn them.
"""

import csv
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ser_fop.testing.tones import write_apple_double, write_text, write_voice

# Speakers of the real release, by the list that names them.
SPEECH_COMMANDS_SPEAKERS = {
    "train": ("3cfc6b3a", "01b4757a"),
    "validation": ("f822b9bf", "31f01a8d"),
    "test": ("893705bb", "4c6167ca"),
}
_MANNERS = ("neutral", "calm", "happy", "excited", "sad", "bored", "angry", "fearful", "disgust", "surprised")


def fake_speech_commands(
    root: Path,
    *,
    words: Sequence[str] = ("yes", "no", "bed", "backward"),
    per_speaker: int = 1,
    seconds: float = 0.4,
    noise_s: float = 2.5,
    lists: bool = True,
) -> Path:
    """Write Speech Commands: each word by six speakers, two in each part, and three recordings of noise.

    Args:
        root: Parent folder of the words.
        words: Words to write. Without `backward` and the other new words it is v1.
        per_speaker: Number of recordings per speaker and word.
        seconds: Duration of a recording, in seconds; about 1 in the real release.
        noise_s: Duration of a recording of noise, in seconds; about 60 in the real release. 0 writes none.
        lists: Whether to write `validation_list.txt` and `testing_list.txt`.

    Returns:
        `root`.
    """
    names: dict[str, list[str]] = {part: [] for part in SPEECH_COMMANDS_SPEAKERS}
    for word, (part, speakers) in itertools.product(words, SPEECH_COMMANDS_SPEAKERS.items()):
        for speaker, number in itertools.product(speakers, range(per_speaker)):
            names[part].append(f"{word}/{speaker}_nohash_{number}.wav")
            write_voice(root / names[part][-1], speaker=speaker, emotion=_manner(words, word), seconds=seconds)
    for name in ("doing_the_dishes", "dude_miaowing", "running_tap") if noise_s else ():
        write_voice(root / "_background_noise_" / f"{name}.wav", speaker=name, seconds=noise_s)
    write_text(root / "_background_noise_" / "README.md", "Recordings and simulations of noise.\n")
    if lists:
        write_text(root / "validation_list.txt", "".join(f"{name}\n" for name in names["validation"]))
        write_text(root / "testing_list.txt", "".join(f"{name}\n" for name in names["test"]))
    write_apple_double(root / names["train"][0])
    return root


def fake_fsdd(
    root: Path, *, speakers: Iterable[str] = ("george", "jackson", "theo"), indices: Iterable[int] = (0, 5)
) -> Path:
    """Write the Free Spoken Digit Dataset: each digit by each speaker, once for each index, at 8 kHz.

    Args:
        root: Parent folder of `recordings`.
        speakers: Names of speakers.
        indices: Indices of the recordings, 0 to 49; those below 5 are the publisher's test set.

    Returns:
        `root`.
    """
    for speaker, digit, index in itertools.product(speakers, "0123456789", list(indices)):
        path = root / "recordings" / f"{digit}_{speaker}_{index}.wav"
        write_voice(path, speaker=speaker, emotion=_MANNERS[int(digit)], rate_hz=8000)
    write_text(root / "metadata.py", "metadata = {}\n")
    write_apple_double(root / "recordings" / "0_george_0.wav")
    return root


def fake_audiomnist(
    root: Path, *, speakers: Iterable[str] = ("01", "12", "26", "36", "43"), per_digit: int = 1, meta: bool = True
) -> Path:
    """Write AudioMNIST: each digit by each speaker. By default the speakers are in five different folds.

    Args:
        root: Parent folder of `data`.
        speakers: Numbers of the speakers, two digits each, 01 to 60.
        per_digit: Number of recordings per speaker and digit.
        meta: Whether to write `data/audioMNIST_meta.txt`, in which speaker 12 is a woman and the last age is absurd.

    Returns:
        `root`.
    """
    people = {}
    for speaker in (speakers := list(speakers)):
        for digit, index in itertools.product("0123456789", range(per_digit)):
            path = root / "data" / speaker / f"{digit}_{speaker}_{index}.wav"
            write_voice(path, speaker=speaker, emotion=_MANNERS[int(digit)])
        age = "1234" if speaker == speakers[-1] else 20 + int(speaker)
        people[speaker] = {"accent": "German", "age": age, "gender": "female" if speaker == "12" else "male"}
    if meta:
        write_text(root / "data" / "audioMNIST_meta.txt", json.dumps(people, indent=4) + "\n")
    write_apple_double(root / "data" / speakers[0] / f"0_{speakers[0]}_0.wav")
    return root


def fake_emospeechcommands(
    root: Path,
    *,
    speakers: Sequence[str] = ("user-1a", "user-2b", "user-3c", "unknown"),
    words: Sequence[str] = ("go", "stop"),
) -> Path:
    """Write EmoSpeechCommands: each word by each speaker, once angry and once calm, and one recording of background.

    Args:
        root: Parent folder of `audio`, and of `metadata.csv`.
        speakers: Names of speakers; nobody knows `unknown`.
        words: Keywords.

    Returns:
        `root`.
    """
    rows = [(speaker, emotion, word) for speaker in speakers for word in words for emotion in ("angry", "calm")]
    lines = []
    for number, (speaker, emotion, word) in enumerate([*rows, ("", "", "background")]):
        lines.append((f"audio/{number:05d}.ogg", speaker, emotion, word))
        write_voice(root / lines[-1][0], speaker=speaker + word, emotion=emotion)
    with (root / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "speaker", "emotion", "word"), *lines])
    write_apple_double(root / "audio" / "00000.ogg")
    return root


def _manner(words: Sequence[str], word: str) -> str:
    return _MANNERS[words.index(word) % len(_MANNERS)]
