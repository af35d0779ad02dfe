"""Open an audio file of any format, with a length that can be trusted."""

import contextlib
import io
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile

from ser_fop.corpora.containers import au, av_decoder, flac, mp3, wav
from ser_fop.corpora.containers.restated import Restated
from ser_fop.errors import InputError
from ser_fop.utils.json_io import LFS_POINTER
from ser_fop.utils.remote import is_remote, read_remote

# libsndfile logs a header that states more bytes than the file contains: of WAV, AIFF, AU, W64, and frames of RF64.
# Streams state a placeholder.
_STATED_LENGTH = re.compile(r"^ *(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_STATED_FRAMES = re.compile(r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)")
PLACEHOLDER = 0x7FFF0000
# libsndfile's count where a header states none.
_UNKNOWN = 1 << 62
_FIRST_BYTES = 64
_RIGHT_MP3S: set[tuple[str, int, int]] = set()
_MOST_REMEMBERED = 10_000
_ANNEX_POINTER = b"/annex/objects/"
# Errors that a damaged file, a wrong type or a failing disk can raise in soundfile, PyAV and the file system.
_FILE_ERRORS = (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, ArithmeticError, LookupError, OSError,
                MemoryError, struct.error)  # fmt: skip


class AudioError(InputError):
    """An audio file that cannot be used. The message is a short predicate, such as `is silent`."""


class _Memory(io.BytesIO):
    """A file in memory that ignores a seek before its start, which damaged headers cause.

    soundfile would print the traceback of an exception, since libsndfile calls it.
    """

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with contextlib.suppress(ValueError, OverflowError):
            return super().seek(offset, whence)
        return self.tell()


@contextlib.contextmanager
def translate_file_errors(problem: str = "cannot be read") -> Iterator[None]:
    """Translate any error of one audio file to an `AudioError`, so that it affects no other file.

    Args:
        problem: Predicate that begins the message.

    Raises:
        AudioError: For any error but an `InputError`, which is raised as it is.
    """
    try:
        yield
    except InputError:
        raise
    except _FILE_ERRORS as error:
        raise AudioError(f"{problem} ({_reason(error)})") from error


def open_audio(source: Path | BinaryIO) -> soundfile.SoundFile:
    """Open a file and correct the length that its header states.

    Args:
        source: A path, the path of a URL, or an open, seekable file.

    Raises:
        AudioError: If the file is missing, empty, cut short or not audio.
        InputError: If a URL cannot be reached.
    """
    source = _checked(source)
    with translate_file_errors("is not audio that can be read"):
        try:
            sound = soundfile.SoundFile(_name(source))
        except (soundfile.SoundFileError, TypeError):
            decoded = _decoded(source)
            if decoded is None:
                raise
            return soundfile.SoundFile(_Memory(decoded))
    if lost := _lost(sound.extra_info):
        sound.close()
        raise AudioError(f"is cut short: it contains {lost}")
    with translate_file_errors():
        restated = _restated(source, sound)
    if restated is None and sound.frames < _UNKNOWN:
        return sound
    sound.close()
    if restated is None:
        raise AudioError("states no length, and none can be found: encode it again")
    if restated.is_cut_short:
        raise AudioError(f"is cut short: it contains {restated.found} of {restated.stated} samples")
    return soundfile.SoundFile(_Memory(restated.content))


def _lost(log: str) -> str:
    """Return how much of a file is there, if libsndfile's log shows that its end is missing; else an empty string."""
    stated = _STATED_LENGTH.search(log)
    if stated and int(stated[2]) + 1 < int(stated[1]) < PLACEHOLDER:
        return f"{stated[2]} of {stated[1]} bytes of sound"
    frames = _STATED_FRAMES.search(log)
    if frames and int(frames[1]) < int(frames[2]) < PLACEHOLDER:
        return f"{frames[1]} of {frames[2]} samples"
    return ""


def _checked(source: Path | BinaryIO) -> Path | BinaryIO:
    """Return a source that libsndfile can open, or say why there is none."""
    if isinstance(source, Path):
        with translate_file_errors():
            if source.is_symlink() and not source.exists():
                raise AudioError("is a link to a file that does not exist")
            if not source.exists():
                raise AudioError("does not exist")
            if not source.is_file():
                raise AudioError("is not a file")
            if source.stat().st_size == 0:
                raise AudioError("is an empty file")
    elif is_remote(source):
        try:
            content = read_remote(source)
        except FileNotFoundError:
            raise AudioError("does not exist") from None
        return _Memory(_not_empty(content))
    else:
        source.seek(0)
        return _Memory(_not_empty(source.read()))
    return source


def _not_empty(content: bytes) -> bytes:
    if not content:
        raise AudioError("is an empty file")
    return content


def _name(source: Path | BinaryIO) -> Path | bytes | BinaryIO:
    """Return a path as soundfile takes it: a name that is not UTF-8 as bytes."""
    if not isinstance(source, Path):
        return source
    try:
        str(source).encode()
    except UnicodeEncodeError:
        return os.fsencode(source)
    return source


def _decoded(source: Path | BinaryIO) -> bytes | None:
    """Decode a file that libsndfile cannot read; None if PyAV cannot read it either.

    Raises:
        AudioError: If the file only stands for the audio, or PyAV is needed and missing.
    """
    first = _first_bytes(source)
    if first.startswith(LFS_POINTER):
        raise AudioError("is a Git LFS pointer, not the audio: run `git lfs pull`")
    if _ANNEX_POINTER in first:
        raise AudioError("is a git-annex pointer, not the audio: run `git annex get`")
    kind = av_decoder.container_of(first)
    if kind is None:
        return None
    if not av_decoder.is_installed():
        raise AudioError(f'is {kind}, which needs PyAV: pip install "ser_fop[av]"')
    return av_decoder.decode(source)


def _first_bytes(source: Path | BinaryIO) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(_FIRST_BYTES)
    source.seek(0)
    first = source.read(_FIRST_BYTES)
    source.seek(0)
    return first


def _restated(source: Path | BinaryIO, sound: soundfile.SoundFile) -> Restated | None:
    """Check the stated length in the formats whose headers are known to be wrong."""
    if sound.format in ("WAV", "WAVEX", "AIFF"):
        # The log tells at no cost whether to look at the file.
        return wav.restate(_content(source)) if wav.is_suspicious(sound.extra_info) else None
    if sound.format == "AU":
        return au.restate(_content(source))
    if sound.format == "FLAC":
        found = flac.find_samples(*_ends(source, flac.HEADER, flac.SEARCHED))
        return None if found is None else flac.restate(_content(source), found)
    if sound.subtype == "MPEG_LAYER_III":
        return _restated_mp3(source, sound.frames)
    return None


def _restated_mp3(source: Path | BinaryIO, reported: int) -> Restated | None:
    """Check an MP3 file; remember the files whose length is right, since a corpus may take many segments of one."""
    if not isinstance(source, Path):
        return mp3.restate(_content(source), reported=reported)
    found = source.stat()
    key = (os.fspath(source), found.st_size, found.st_mtime_ns)
    if key in _RIGHT_MP3S:
        return None
    restated = mp3.restate(_content(source), reported=reported)
    if restated is None:
        if len(_RIGHT_MP3S) >= _MOST_REMEMBERED:
            _RIGHT_MP3S.clear()
        _RIGHT_MP3S.add(key)
    return restated


def _content(source: Path | BinaryIO) -> bytes:
    if isinstance(source, Path):
        return source.read_bytes()
    return source.getvalue() if isinstance(source, io.BytesIO) else source.read()


def _ends(source: Path | BinaryIO, head: int, tail: int) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file; the last ones do not contain the first."""
    with source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source) as file:
        at = file.tell()
        file.seek(0)
        first = file.read(head)
        end = file.seek(0, io.SEEK_END)
        file.seek(max(head, end - tail))
        last = file.read()
        file.seek(at)
    return first, last


def _reason(error: Exception) -> str:
    """Return the library's or the system's message, without the path that it repeats."""
    if getattr(error, "strerror", None):  # errors of the system and of PyAV
        return error.strerror
    text = str(getattr(error, "error_string", error)).strip().rstrip(".")
    return " ".join(text.split()) or type(error).__name__
