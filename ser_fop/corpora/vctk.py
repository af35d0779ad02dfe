"""VCTK 0.80 and 0.92: unlabelled read speech, many accents; the paper's second corpus for pretraining."""

from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio, is_stray
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.labels import require_no_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

_OLD, _NEW = "wav48", "wav48_silence_trimmed"
MICROPHONES = ("mic1", "mic2")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List one microphone's utterances; ids are those of release 0.80 in both releases.

    Args:
        folder: `VCTK-Corpus`, `VCTK-Corpus-0.92`, or its parent.
        options: `microphone` selects `mic1` (that of release 0.80) or `mic2` of release 0.92; labels are refused.

    Raises:
        InputError: If neither layout is found, the release lacks the microphone, or labels are given.
    """
    require_no_labels(options.labels, "vctk")
    if options.microphone not in MICROPHONES:
        raise InputError(f"--microphone expected mic1 or mic2, received {options.microphone!r}.")
    root, audio = _audio_folder(require_folder(folder, "vctk"))
    if audio.name == _OLD and options.microphone != MICROPHONES[0]:
        raise InputError(f"{audio} is of VCTK 0.80, which has mic1 only: --microphone received {options.microphone!r}.")
    genders = _genders(root / "speaker-info.txt")
    found = find_audio(audio, (".wav", ".flac"), base=folder)
    utterances, problems = [], list(found.problems)
    others: dict[str, str] = {}
    for path in found.files:
        file, speaker = path.relative_to(folder).as_posix(), path.parent.name
        stem, _, microphone = path.stem.rpartition("_") if audio.name == _NEW else (path.stem, "", options.microphone)
        if not stem.startswith(f"{speaker}_") or microphone not in MICROPHONES:
            problems.append(Problem(file=file, message="its name is not that of a VCTK utterance; skipped"))
            continue
        if microphone != options.microphone:
            others[stem] = file
            continue
        utterances.append(
            Utterance(
                id=stem, file=file, speaker=speaker, gender=genders.get(speaker.removeprefix("p"), ""), style="read"
            )
        )
    for stem in sorted(set(others) - {utterance.id for utterance in utterances}):
        problems.append(Problem(file=others[stem], message=f"has no {options.microphone} recording; skipped"))
    return listing(
        corpus="vctk",
        folder=folder,
        utterances=utterances,
        problems=problems,
        expected=f"{_OLD}/p225/p225_001.wav (0.80) or {_NEW}/p225/p225_001_mic1.flac (0.92)",
    )


def _audio_folder(folder: Path) -> tuple[Path, Path]:
    """Find the corpus root, which is `folder` or a direct subfolder, and its audio folder."""
    for root in (folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not is_stray(path))):
        for name in (_NEW, _OLD):
            if (root / name).is_dir():
                return root, root / name
    raise InputError(
        f"{folder} does not contain VCTK: expected a folder {_OLD} (0.80) or {_NEW} (0.92) in it, or in a direct subfolder."
    )


def _genders(path: Path) -> dict[str, str]:
    """Read `speaker-info.txt`, whose ids carry a `p` in 0.92 and none in 0.80."""
    if not path.is_file():
        return {}
    lines = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]]
    return {fields[0].removeprefix("p"): fields[2] for fields in lines if len(fields) > 2 and fields[2] in ("F", "M")}


CORPUS = Corpus(
    name="vctk",
    title="CSTR VCTK",
    licence="CC BY 4.0 (0.92), ODC-By 1.0 (0.80)",
    citation="Yamagishi, Veaux and MacDonald 2019, CSTR VCTK Corpus (0.92), doi:10.7488/ds/2645",
    url="https://datashare.ed.ac.uk/handle/10283/3443",
    read=read,
)
