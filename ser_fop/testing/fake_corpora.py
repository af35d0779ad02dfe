"""Small folder trees in the layouts of the supported corpora, with unusual cases.

Each function writes into a given folder. Except for `fake_csv`, this folder is the `--audio-dir`, and the function
returns it. `fake_csv` returns the path of the manifest; its `--audio-dir` is the subfolder `audio`. The audio depends
on speaker and emotion, so that a classifier can learn them.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from ser_fop.testing.iemocap_trees import fake_iemocap, fake_iemocap_full
from ser_fop.testing.keyword_trees import fake_audiomnist, fake_emospeechcommands, fake_fsdd, fake_speech_commands
from ser_fop.testing.speaker_trees import fake_speechocean762, fake_voxceleb1
from ser_fop.testing.tones import write_apple_double, write_text, write_voice

__all__ = [
    "fake_audiomnist",
    "fake_crema_d",
    "fake_csv",
    "fake_emodb",
    "fake_emospeechcommands",
    "fake_fsdd",
    "fake_iemocap",
    "fake_iemocap_full",
    "fake_librispeech",
    "fake_ravdess",
    "fake_speech_commands",
    "fake_speechocean762",
    "fake_vctk_080",
    "fake_vctk_092",
    "fake_voxceleb1",
]

RAVDESS_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")

_VCTK_HEADER = "ID  AGE  GENDER  ACCENTS  REGION"


def fake_vctk_080(root: Path, *, speakers: Iterable[str] = ("p225", "p226", "p280", "p315"), count: int = 2) -> Path:
    """Write VCTK 0.80: `wav48`, `txt` and a `speaker-info.txt` whose ids have no `p`.

    p280 is not in `speaker-info.txt`. p362 is listed there without region and has no audio. p315 has no text.

    Args:
        root: Parent folder of `wav48`.
        speakers: Speakers with audio.
        count: Number of utterances per speaker.

    Returns:
        `root`.
    """
    lines = [
        f"{_VCTK_HEADER}  ",
        "225  23  F    English    Southern  England",
        "226  22  M    English    Surrey",
        "315  18  M    American  New  England",
        "362  29  F    American",
    ]
    write_text(root / "speaker-info.txt", "\n".join(lines) + "\n")
    for speaker in speakers:
        for number in range(1, count + 1):
            name = f"{speaker}_{number:03d}"
            write_voice(root / "wav48" / speaker / f"{name}.wav", speaker=speaker, rate_hz=48000)
            if speaker != "p315":
                write_text(root / "txt" / speaker / f"{name}.txt", "Please call Stella.\n")
    write_apple_double(root / "wav48" / "p225" / "p225_001.wav")
    return root


def fake_vctk_092(root: Path) -> Path:
    """Write VCTK 0.92: speakers p225, p226, p280, p315, p362 and s5, two utterances each, two microphones.

    p280 and one utterance of p315 lack the second microphone. One utterance of p362 has no audio, one of p226 only the
    second microphone. p315 has no text; p362 and s5 have no region.

    Args:
        root: Parent folder of `wav48_silence_trimmed`.

    Returns:
        `root`.
    """
    lines = [
        f"{_VCTK_HEADER} COMMENTS",
        "p225  23  F    English    Southern  England",
        "p226  22  M    English    Surrey",
        "p280  25  F    Unknown    France    (mic2 files unavailable)",
        "p315  18  M    American   New England   (mic2 file unavailable)",
        "p362  29  F    American",
        "s5    24  F    British",
    ]
    write_text(root / "speaker-info.txt", "\n".join(lines) + "\n")
    without = {"p280_001_mic2", "p280_002_mic2", "p315_002_mic2", "p362_002_mic1", "p362_002_mic2", "p226_002_mic1"}
    audio = root / "wav48_silence_trimmed"
    for speaker in ("p225", "p226", "p280", "p315", "p362", "s5"):
        for number in (1, 2):
            name = f"{speaker}_{number:03d}"
            for microphone in ("mic1", "mic2"):
                if f"{name}_{microphone}" not in without:
                    write_voice(audio / speaker / f"{name}_{microphone}.flac", speaker=speaker, rate_hz=48000)
            if speaker != "p315":
                write_text(root / "txt" / speaker / f"{name}.txt", "Please call Stella.\n")
    write_text(audio / "log.txt", "p225_001 trimmed\n")
    write_apple_double(audio / "p225" / "p225_001_mic1.flac")
    return root


def fake_ravdess(
    root: Path,
    *,
    actors: Iterable[int] = range(1, 25),
    per_emotion: int = 1,
    emotions: Iterable[str] = RAVDESS_EMOTIONS,
    rate_hz: int = 16000,
    seconds: float = 0.4,
    suffix: str = ".wav",
    odd_cases: bool = True,
) -> Path:
    """Write RAVDESS: audio-only speech of each actor.

    Args:
        root: Parent folder of `Actor_01`, `Actor_02` and so on.
        actors: Numbers of the actors, 1 to 24.
        per_emotion: Number of recordings per emotion and actor, 1 to 8. Neutral has no strong variant, so at most 4.
        emotions: Emotions to write, some of the eight.
        rate_hz: Sampling rate in Hz; the real release has 48000.
        seconds: Duration of a recording, in seconds.
        suffix: `".wav"` or `".flac"`.
        odd_cases: Whether the first actor also has a song, a video, an AppleDouble file and stereo recordings.

    Returns:
        `root`.
    """
    actors, emotions = list(actors), list(emotions)
    for actor in actors:
        folder = root / f"Actor_{actor:02d}"
        odd = odd_cases and actor == actors[0]
        for emotion in emotions:
            code = RAVDESS_EMOTIONS.index(emotion) + 1
            for number in range(min(per_emotion, 4 if emotion == "neutral" else 8)):
                intensity, statement, repetition = 1 + number // 4, 1 + number // 2 % 2, 1 + number % 2
                write_voice(
                    folder / f"03-01-{code:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}{suffix}",
                    speaker=f"Actor_{actor:02d}",
                    emotion=emotion,
                    rate_hz=rate_hz,
                    seconds=seconds,
                    channels=2 if odd else 1,
                )
        if odd:
            write_voice(folder / f"03-02-03-01-01-01-{actor:02d}{suffix}", rate_hz=rate_hz)
            (folder / f"01-01-03-01-01-01-{actor:02d}.mp4").write_bytes(b"no video")
            write_apple_double(folder / f"03-01-01-01-01-01-{actor:02d}{suffix}")
    return root


def fake_librispeech(
    root: Path,
    *,
    speakers: int = 4,
    per_speaker: int = 2,
    seconds: float = 0.5,
    suffix: str = ".flac",
    speakers_file: bool = True,
    odd_cases: bool = True,
) -> Path:
    """Write LibriSpeech: the last speaker in `test-other`, the others in `train-clean-100`.

    Args:
        root: Parent folder of the subsets; `LibriSpeech` in the real release.
        speakers: Number of speakers.
        per_speaker: Number of utterances per speaker.
        seconds: Duration of an utterance, in seconds.
        suffix: `".flac"` or `".wav"`.
        speakers_file: Whether to write `SPEAKERS.TXT`.
        odd_cases: Whether the first speaker's folder has an AppleDouble file.

    Returns:
        `root`.
    """
    lines = ["; ID  |SEX| SUBSET           |MINUTES| NAME"]
    for index in range(speakers):
        # The speaker numbers of the real release have gaps.
        speaker, chapter = f"{19 + 7 * index}", f"{198 + 301 * index}"
        subset = "test-other" if index == speakers - 1 else "train-clean-100"
        lines.append(f"{speaker:<4} | {'FM'[index % 2]} | {subset:<16} | 25.19 | Reader {index}")
        folder = root / subset / speaker / chapter
        for number in range(per_speaker):
            path = folder / f"{speaker}-{chapter}-{number:04d}{suffix}"
            write_voice(path, speaker=speaker, emotion=("neu", "hap", "sad", "ang")[number % 4], seconds=seconds)
        write_text(folder / f"{speaker}-{chapter}.trans.txt", f"{speaker}-{chapter}-0000 NORTHANGER ABBEY\n")
        if odd_cases and index == 0:
            write_apple_double(folder / f"{speaker}-{chapter}-0000{suffix}")
    if speakers_file:
        write_text(root / "SPEAKERS.TXT", "\n".join(lines) + "\n")
    return root


def fake_emodb(
    root: Path, *, speakers: Iterable[str] = ("03", "08", "16"), seconds: float = 0.4, flat: bool = False
) -> Path:
    """Write EMO-DB: one recording of each speaker and emotion.

    Args:
        root: Parent folder of `wav`.
        speakers: Speaker numbers, two digits each.
        seconds: Duration of a recording, in seconds.
        flat: Whether the recordings are in `root` itself.

    Returns:
        `root`.
    """
    audio = root if flat else root / "wav"
    names = {"W": "anger", "L": "bored", "E": "disgust", "A": "fear", "F": "happy", "T": "sad", "N": "neutral"}
    for speaker in speakers:
        for letter, emotion in names.items():
            write_voice(audio / f"{speaker}a01{letter}a.wav", speaker=speaker, emotion=emotion, seconds=seconds)
    write_text(root / "lablaut" / "03a01Fa.lablaut", "0 a\n")
    write_apple_double(audio / "03a01Fa.wav")
    return root


def fake_crema_d(
    root: Path,
    *,
    actors: Iterable[int] = (1001, 1002, 1003),
    seconds: float = 0.4,
    flat: bool = False,
    demographics: bool = True,
) -> Path:
    """Write CREMA-D: one recording of each actor and emotion, and one file name with the level `X`.

    Args:
        root: Parent folder of `AudioWAV`.
        actors: Numbers of the actors, 1001 to 1091.
        seconds: Duration of a recording, in seconds.
        flat: Whether the recordings are in `root` itself.
        demographics: Whether to write `VideoDemographics.csv`, in which odd actors are male.

    Returns:
        `root`.
    """
    actors = list(actors)
    audio = root if flat else root / "AudioWAV"
    levels = {"ANG": "XX", "DIS": "LO", "FEA": "MD", "HAP": "HI", "NEU": "XX", "SAD": "XX"}
    for actor in actors:
        for emotion, level in levels.items():
            path = audio / f"{actor}_DFA_{emotion}_{level}.wav"
            write_voice(path, speaker=str(actor), emotion=emotion, seconds=seconds)
    write_voice(audio / f"{actors[-1]}_ITH_SAD_X.wav", speaker=str(actors[-1]), emotion="SAD", seconds=seconds)
    write_apple_double(audio / f"{actors[0]}_DFA_ANG_XX.wav")
    if demographics:
        rows = [f"{actor},51,{'Male' if actor % 2 else 'Female'},Caucasian,Not Hispanic\n" for actor in actors]
        write_text(root / "VideoDemographics.csv", "ActorID,Age,Sex,Race,Ethnicity\n" + "".join(rows))
    return root


def fake_csv(root: Path, *, rows: Iterable[dict[str, object]] | None = None, write_audio: bool = True) -> Path:
    """Write `root/manifest.csv`, and the audio files that it lists into `root/audio`.

    Args:
        root: Parent folder of both.
        rows: Rows as dictionaries by column; None writes eight rows, of four speakers and two emotions.
        write_audio: Whether to write the audio files. Files outside `root/audio` are never written.

    Returns:
        Path of the manifest.
    """
    if rows is None:
        rows = [
            {"file": f"{speaker}/{emotion}.wav", "speaker": speaker, "emotion": emotion}
            for speaker in ("anna", "bert", "carl", "dora")
            for emotion in ("happy", "sad")
        ]
    rows = list(rows)
    audio = root / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    manifest = root / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(dict.fromkeys(key for row in rows for key in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows if write_audio else ():
        path = audio / str(row.get("file", ""))
        if path.suffix and path.is_relative_to(audio) and ".." not in path.parts:
            write_voice(path, speaker=str(row.get("speaker", "")), emotion=str(row.get("emotion", "")), seconds=1.0)
    return manifest
