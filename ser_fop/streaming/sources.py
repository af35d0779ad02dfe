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
_FULL_SCALE_16 = 2.0**15


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
    source = _Joined(mark, pipe)
    if mark != _WAV_MARK:
        rate_hz, blocks = raw_rate_hz, _raw_blocks(source, max(1, round(chunk_s * raw_rate_hz)))
    else:
        try:
            file = wave.open(source)  # noqa: SIM115 - closing it would close the pipe
        except (wave.Error, EOFError) as error:
            raise InputError(
                f"standard input expected a WAV file with PCM, received another one ({error or 'it is cut short'})."
                " Convert it: `ffmpeg -i FILE -f wav -acodec pcm_s16le -`."
            ) from error
        rate_hz, blocks = file.getframerate(), _wav_blocks(file, max(1, round(chunk_s * file.getframerate())))
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
    chunks: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()

    def keep(samples: np.ndarray, *_: Any) -> None:
        chunks.put(samples[:, 0].copy())

    try:
        stream = sounddevice.InputStream(
            samplerate=sample_rate_hz,
            channels=1,
            dtype="float32",
            blocksize=max(1, round(chunk_s * sample_rate_hz)),
            callback=keep,
        )
    except sounddevice.PortAudioError as error:
        raise InputError(f"--microphone expected a microphone at {sample_rate_hz} Hz: {error}.") from error
    with stream:
        yield _endless(chunks)


def _endless(chunks: "queue.SimpleQueue[np.ndarray]") -> Iterator[np.ndarray]:
    while True:
        yield chunks.get()


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


def _raw_blocks(source: _Joined, size: int) -> Iterator[np.ndarray]:
    while content := source.read(2 * size):
        yield np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float32) / _FULL_SCALE_16


def _wav_blocks(file: wave.Wave_read, size: int) -> Iterator[np.ndarray]:
    width, channels = file.getsampwidth(), file.getnchannels()
    while content := file.readframes(size):
        content = content[: len(content) // (width * channels) * width * channels]
        yield _pcm(content, width).reshape(-1, channels).mean(axis=1, dtype=np.float32)


def _pcm(content: bytes, width: int) -> np.ndarray:
    """Return samples from -1 to 1 of little-endian PCM; 8 bits are unsigned."""
    if width == 1:
        return (np.frombuffer(content, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / 2.0**31
    return np.frombuffer(content, f"<i{width}").astype(np.float32) / 2.0 ** (8 * width - 1)
