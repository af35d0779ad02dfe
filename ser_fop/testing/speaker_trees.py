"""Small folder trees in the layouts of the corpora of speakers, with unusual cases.

Each function writes into a given folder, which is the `--audio-dir`, and returns it. The audio depends on the speaker, so
that a classifier can learn it.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from ser_fop.testing.tones import write_apple_double, write_text, write_voice

_TEXTS = ("WE CALL IT BEAR", "KATE LOVES CHINA", "TWO SIX FOUR EIGHT")


def fake_voxceleb1(
    root: Path,
    *,
    speakers: Iterable[str] = ("id10001", "id10002", "id10270"),
    per_video: int = 2,
    lists: bool = True,
) -> Path:
    """Write VoxCeleb1: three videos of each speaker, of which one is tested and one validates.

    Args:
        root: Parent folder of `wav`.
        speakers: Ids of the speakers.
        per_video: Number of recordings per video.
        lists: Whether to write `iden_split.txt` and `vox1_meta.csv`. In the latter, even speakers are women.

    Returns:
        `root`.
    """
    split, people = [], ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    for speaker in (speakers := list(speakers)):
        people.append(f"{speaker}\tA._Name\t{'fm'[int(speaker[2:]) % 2]}\tIreland\tdev")
        for part, number in itertools.product((1, 2, 3), range(1, per_video + 1)):
            name = f"{speaker}/_video-{part}{speaker}/{number:05d}.wav"
            split.append(f"{part} {name}")
            write_voice(root / "wav" / name, speaker=speaker)
    if lists:
        write_text(root / "iden_split.txt", "\n".join(split) + "\n")
        write_text(root / "vox1_meta.csv", "\n".join(people) + "\n")
    write_apple_double(root / "wav" / f"{speakers[0]}/_video-1{speakers[0]}/00001.wav")
    return root


def fake_speechocean762(
    root: Path, *, speakers: Sequence[str] = ("0001", "0003", "0005", "0006"), lists: bool = True
) -> Path:
    """Write speechocean762: three utterances of each speaker, who are in training and test in turn.

    Args:
        root: Parent folder of `WAVE`, `train` and `test`.
        speakers: Numbers of the speakers, four digits each.
        lists: Whether to write the Kaldi tables. They do not list one recording of a further speaker.

    Returns:
        `root`.
    """
    tables = {
        (part, name): []
        for part in ("train", "test")
        for name in ("wav.scp", "text", "utt2spk", "spk2age", "spk2gender")
    }
    for order, speaker in enumerate(speakers):
        part = ("train", "test")[order % 2]
        for number, text in enumerate(_TEXTS):
            utterance = f"0{speaker}{number:04d}"
            file = f"WAVE/SPEAKER{speaker}/{utterance}.WAV"
            write_voice(root / file, speaker=speaker)
            tables[part, "wav.scp"].append(f"{utterance}\t{file}")
            tables[part, "text"].append(f"{utterance}\t{text}")
            tables[part, "utt2spk"].append(f"{utterance} {speaker}")
        tables[part, "spk2age"].append(f"{speaker}\t{6 + order}")
        tables[part, "spk2gender"].append(f"{speaker}\t{'mf'[order % 2]}")
    for (part, name), lines in tables.items() if lists else ():
        write_text(root / part / name, "\n".join(lines) + "\n")
    write_voice(root / "WAVE" / "SPEAKER9600" / "096000023.WAV", speaker="9600")
    write_apple_double(root / "WAVE" / f"SPEAKER{speakers[0]}" / f"0{speakers[0]}0000.WAV")
    return root
