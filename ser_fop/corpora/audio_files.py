"""Find the audio files of a folder. Corpora and `ser-fop predict` share this one rule."""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath

from ser_fop.corpora.containers import av_decoder
from ser_fop.utils.remote import is_remote, remote_files

# What libsndfile reads with a header of its own.
LIBSNDFILE_SUFFIXES = (
    ".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd",
    ".caf", ".nist", ".sph", ".voc",
)  # fmt: skip
# What PyAV reads.
AV_SUFFIXES = (".m4a", ".m4b", ".aac", ".webm", ".weba", ".wma", ".mka", ".amr", ".3gp", ".ac3", ".ape", ".wv")
# Samples without a header, whose rate and type nobody states.
HEADERLESS_SUFFIXES = (".raw", ".pcm", ".sw", ".ul", ".al")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem of a corpus folder, for the user.

    Attributes:
        file: File concerned, relative to the corpus folder.
        message: Predicate of the file, such as `is an empty file; skipped`.
    """

    file: str
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoundAudio:
    """Audio files of a folder.

    Attributes:
        files: Paths below the folder, sorted.
        problems: Audio files and folders that are left out, each with the reason.
    """

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]


def is_stray(path: PurePath) -> bool:
    """Return True for dot files, such as the `._*` files that macOS leaves behind."""
    return path.name.startswith(".")


def readable_suffixes() -> tuple[str, ...]:
    """Return the suffixes of the formats that this installation can read."""
    return (*LIBSNDFILE_SUFFIXES, *(AV_SUFFIXES if av_decoder.is_installed() else ()))


def find_audio(folder: Path, suffixes: Sequence[str] = (), *, base: Path | None = None) -> FoundAudio:
    """Find the audio files below a folder. Links are followed; every folder is read once.

    Args:
        folder: Folder to search, at a path or a URL.
        suffixes: Lower-case suffixes with their dot, such as `".wav"`; all that can be read by default.
        base: Folder to which the files of problems are relative; `folder` by default.

    Returns:
        The files, and the audio that is left out.
    """
    if is_remote(folder):
        # One request lists all files: a store answers only tens of requests a second.
        files = [file for file in remote_files(folder) if not any(part.startswith(".") for part in file.split("/"))]
        paths, problems = [folder / file for file in files], []
    else:
        paths, problems = _walk(folder, base or folder)
        paths.sort()
    accepted = tuple(suffixes) or readable_suffixes()
    files = []
    for path in paths:
        suffix = PurePosixPath(path.name).suffix.lower()
        if is_stray(PurePosixPath(path.name)):
            continue
        if not _is_unicode(path.name) and suffixes:  # a corpus writes its names to CSV files
            problems.append(
                Problem(file=_relative(path, base or folder), message="has a name that is not UTF-8; skipped")
            )
            continue
        if suffix in accepted:
            files.append(path)
        elif suffix in (*LIBSNDFILE_SUFFIXES, *AV_SUFFIXES, *HEADERLESS_SUFFIXES):
            problems.append(Problem(file=_relative(path, base or folder), message=_reason(suffix, accepted)))
    return FoundAudio(files=tuple(files), problems=tuple(problems))


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(suffix: str, accepted: Iterable[str]) -> str:
    """Say why a file with an audio suffix is left out."""
    if suffix in HEADERLESS_SUFFIXES:
        return f"is audio without a header ({suffix}), whose sample rate is unknown; skipped"
    if suffix in AV_SUFFIXES and not av_decoder.is_installed() and set(LIBSNDFILE_SUFFIXES) <= set(accepted):
        return f'is {suffix} audio, which needs PyAV (pip install "ser_fop[av]"); skipped'
    return f"is {suffix} audio, where {' or '.join(accepted)} is expected; skipped"


def _walk(folder: Path, base: Path) -> tuple[list[Path], list[Problem]]:
    """List all files below a local folder in any order."""
    files: list[Path] = []
    problems: list[Problem] = []
    around = {*Path(os.path.realpath(folder)).parents}
    read: dict[str, Path] = {}
    folders, links = [folder], []
    while folders or links:
        # Folders come before links to folders, so that a file is found at its own path.
        here = folders.pop() if folders else links.pop(0)
        target = os.path.realpath(here)
        if target in read:
            message = f"is a link to {_relative(read[target], base) or 'its own folder'}, which is read once; skipped"
            problems.append(Problem(file=_relative(here, base), message=message))
            continue
        if Path(target) in around:
            problems.append(
                Problem(file=_relative(here, base), message="is a link to a folder that contains this one; skipped")
            )
            continue
        read[target] = here
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            message = f"is a folder that cannot be listed ({error.strerror}); its files are skipped"
            problems.append(Problem(file=_relative(here, base), message=message))
            continue
        for entry in entries:
            path = here / entry.name
            if is_stray(path):
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link to itself
                is_folder = is_file = False
            if is_folder:
                (links if entry.is_symlink() else folders).append(path)
            elif is_file:
                files.append(path)
            elif entry.is_symlink():
                message = "is a link to a file or folder that does not exist; skipped"
                problems.append(Problem(file=_relative(path, base), message=message))
    return files, problems


def _relative(path: Path, base: Path) -> str:
    """Return the path relative to `base`, with forward slashes; the path itself if it is not below `base`."""
    if not path.is_relative_to(base):
        return path.as_posix()
    relative = path.relative_to(base).as_posix()
    return "" if relative == "." else relative
