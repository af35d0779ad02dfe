"""Samples of files, of standard input and of a microphone, as they arrive."""

import contextlib
import queue
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soxr

from ser_fop.corpora.audio import AudioError, read_audio
from ser_fop.errors import InputError

_WAV_MARK = b"RIFF"
_OTHER_FORMATS = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"RF64": "RF64", b"RIFX": "RIFX", b"FORM": "AIFF"}
_CONVERT = "Convert it: `ffmpeg -i FILE -f wav -acodec pcm_s16le -`."
# Chunks of a microphone that wait at most, and the time without a chunk after which it counts as gone.
_MOST_CHUNKS, _SILENT_MICROPHONE_S = 100, 5.0
_WIDTHS, _RATES_HZ = (1, 2, 3, 4), (1000, 768_000)


def file_chunks(path: Path, *, sample_rate_hz: int, chunk_s: float) -> Iterator[np.ndarray]:
    """Yield the samples of a file in chunks, (samples,), as `predict` reads them.

    Args:
        path: Audio file.
        sample_rate_hz: Sample rate of the result.
        chunk_s: Length of a chunk, in seconds.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        samples = read_audio(path, sample_rate_hz=sample_rate_hz)
    except AudioError as error:
        raise InputError(f"{path} {error}.") from error
    size = max(1, round(chunk_s * sample_rate_hz))
    for first in range(0, len(samples), size):
        yield samples[first : first + size]


def pipe_chunks(pipe: BinaryIO, *, raw_rate_hz: int, sample_rate_hz: int, chunk_s: float) -> Iterator[np.ndarray]:
    """Yield the samples of a pipe in chunks, (samples,), as they arrive.

    Args:
        pipe: A WAV file with PCM of 8 to 32 bits, of any length; or raw 16-bit little-endian PCM, mono.
        raw_rate_hz: Sample rate of raw PCM.
        sample_rate_hz: Sample rate of the result.
        chunk_s: Length of a chunk, in seconds.

    Raises:
        InputError: If a WAV file cannot be read.
    """
    mark = pipe.read(len(_WAV_MARK))
    if mark == _WAV_MARK:
        size = pipe.read(4)
        # A writer that does not know the length states 0.
        rate_hz, blocks = _wav(_Joined(mark + (size if any(size) else b"\xff" * len(size)), pipe), chunk_s)
    elif name := next((name for start, name in _OTHER_FORMATS.items() if mark.startswith(start)), ""):
        raise InputError(f"standard input expected WAV or raw PCM, received {name}. {_CONVERT}")
    else:
        rate_hz, blocks = raw_rate_hz, _blocks(_Joined(mark, pipe), 2, 1, max(1, round(chunk_s * raw_rate_hz)))
    if rate_hz == sample_rate_hz:
        yield from blocks
        return
    resampler = soxr.ResampleStream(rate_hz, sample_rate_hz, 1, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


@contextlib.contextmanager
def microphone_chunks(*, sample_rate_hz: int, chunk_s: float) -> Iterator[Iterator[np.ndarray]]:
    """Open the default microphone; yield an endless iterator of chunks, (samples,).

    Args:
        sample_rate_hz: Sample rate.
        chunk_s: Length of a chunk, in seconds.

    Raises:
        InputError: If there is no microphone, or the extra `microphone` is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise InputError(
            f"--microphone needs the extra `microphone` and the library PortAudio ({error}): pip install"
            ' "ser_fop[microphone]".'
        ) from error
    chunks: queue.Queue[np.ndarray] = queue.Queue(_MOST_CHUNKS)

    def keep(samples: np.ndarray, *_: Any) -> None:
        with contextlib.suppress(queue.Full):  # the machine is too slow: what it cannot take is lost
            chunks.put_nowait(samples[:, 0].copy())

    try:
        stream = sounddevice.InputStream(
            samplerate=sample_rate_hz,
            channels=1,
            dtype="float32",
            blocksize=max(1, round(chunk_s * sample_rate_hz)),
            callback=keep,
        )
        stream.start()
    except sounddevice.PortAudioError as error:
        raise InputError(f"--microphone expected a microphone at {sample_rate_hz} Hz: {error}.") from error
    try:
        yield _endless(chunks, timeout_s=_SILENT_MICROPHONE_S + 2 * chunk_s)
    finally:
        stream.close()


def _endless(chunks: "queue.Queue[np.ndarray]", *, timeout_s: float) -> Iterator[np.ndarray]:
    while True:
        try:
            yield chunks.get(timeout=timeout_s)
        except queue.Empty:
            raise InputError(f"the microphone has given no sound for {timeout_s:g} s. Is it still connected?") from None


class _Joined:
    """A pipe whose first bytes were read already."""

    def __init__(self, first: bytes, pipe: BinaryIO) -> None:
        self._first, self._pipe = first, pipe

    def read(self, size: int = -1) -> bytes:
        found = self._first if size < 0 else self._first[:size]
        self._first = self._first[len(found) :]
        return found + self._pipe.read(size if size < 0 else size - len(found))

    def flush(self) -> None:
        """Do nothing: `wave` asks for it."""

    def close(self) -> None:
        """Leave the pipe open."""


def _wav(source: _Joined, chunk_s: float) -> tuple[int, Iterator[np.ndarray]]:
    """Return the sample rate of a WAV file and its samples in blocks."""
    try:
        file = wave.open(source)  # noqa: SIM115 - closing it would close the pipe
        rate_hz, width = file.getframerate(), file.getsampwidth()
        if width not in _WIDTHS or not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            raise wave.Error(f"{8 * width} bits at {rate_hz} Hz")
    except (wave.Error, EOFError) as error:
        raise InputError(
            "standard input expected a WAV file with PCM of 8 to 32 bits, received another one"
            f" ({error or 'it is cut short'}). {_CONVERT}"
        ) from error
    size = max(1, round(chunk_s * rate_hz))
    if file.getnframes():
        return rate_hz, _wav_blocks(file, size)
    # A writer that does not know the length states 0: the samples go on to the end of the pipe.
    return rate_hz, _blocks(source, width, file.getnchannels(), size)


def _blocks(source: _Joined, width: int, channels: int, size: int) -> Iterator[np.ndarray]:
    """Yield the samples of PCM without a header in blocks."""
    while content := source.read(width * channels * size):
        yield _mono(content, width, channels)


def _wav_blocks(file: wave.Wave_read, size: int) -> Iterator[np.ndarray]:
    while content := file.readframes(size):
        yield _mono(content, file.getsampwidth(), file.getnchannels())


def _mono(content: bytes, width: int, channels: int) -> np.ndarray:
    """Return the mean of the channels, (samples,); an incomplete last frame is left out."""
    frame = width * channels
    return _pcm(content[: len(content) // frame * frame], width).reshape(-1, channels).mean(axis=1, dtype=np.float32)


def _pcm(content: bytes, width: int) -> np.ndarray:
    """Return samples from -1 to 1 of little-endian PCM; 8 bits are unsigned."""
    if width == 1:
        return (np.frombuffer(content, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / 2.0**31
    return np.frombuffer(content, f"<i{width}").astype(np.float32) / 2.0 ** (8 * width - 1)
