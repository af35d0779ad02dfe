"""The only audio input and output: any file that libsndfile reads, as mono float32 at one rate."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from ser_fop.errors import InputError
from ser_fop.utils.remote import is_remote, read_remote

# Below this peak (full scale is 1) a file holds no sound: half a step of 16 bits.
SILENCE_PEAK = 0.5 / 32768
# What is said of it.
SILENT = "is silent"

# libsndfile's log of a wav whose header states more bytes than the file holds, and the length that streamed
# files state instead of their own.
_STATED_LENGTH = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_PLACEHOLDER = 0x7FFF0000


class AudioError(InputError):
    """An audio file that cannot be used; the message says why, in a few words."""


def duration_s(path: Path) -> float:
    """Return the duration that the file's header states, in seconds.

    Raises:
        AudioError: If the file is missing, empty or not audio.
    """
    with _open(path) as sound:
        return sound.frames / sound.samplerate


def read_audio(
    path: Path | BinaryIO,
    *,
    sample_rate_hz: int,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_duration_s: float | None = None,
) -> np.ndarray:
    """Read (a stretch of) a file as mono float32 at `sample_rate_hz`.

    Channels are averaged, other rates are resampled by soxr (HQ), and the level is
    left alone.

    Args:
        path: A wav of any depth, FLAC, Ogg or MP3 file, here or at a URL; or one that is open and can be sought in.
        sample_rate_hz: Rate of the result.
        start_s: Where to start, in seconds.
        end_s: Where to end, in seconds; None reads to the end.
        max_duration_s: Longer stretches are refused before they are read.

    Returns:
        Samples of shape (samples,) in [-1, 1] (floating-point files may exceed it).

    Raises:
        AudioError: If it is missing, not audio, truncated, empty, silent, holds NaN
            or infinite samples, or lasts too long.
        InputError: If it lies at a URL that cannot be reached.
    """
    with _open(path) as sound:
        rate_hz = sound.samplerate
        first = round(start_s * rate_hz)
        last = sound.frames if end_s is None else min(round(end_s * rate_hz), sound.frames)
        if last <= first:
            raise AudioError(
                "holds no samples" if sound.frames == 0 else f"holds no samples between {start_s} s and {end_s} s"
            )
        if max_duration_s is not None and last - first > max_duration_s * rate_hz:
            raise AudioError(f"lasts {(last - first) / rate_hz:.1f} s, longer than {max_duration_s:g} s")
        try:
            if first:
                sound.seek(first)
            samples = sound.read(last - first, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(f"cannot be decoded ({_reason(error)})") from error
    if len(samples) < last - first:
        raise AudioError(f"is cut short: {len(samples)} of {last - first} samples could be read")
    return _mono(samples, rate_hz=rate_hz, sample_rate_hz=sample_rate_hz)


def take_audio(
    samples: np.ndarray, *, rate_hz: int, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None
) -> np.ndarray:
    """Turn (a stretch of) samples in memory into what `read_audio` gives.

    Args:
        samples: Floating-point samples, full scale 1, of shape (samples,) or (samples, channels).
        rate_hz: Their rate.
        sample_rate_hz: Rate of the result.
        start_s: Where to start, in seconds.
        end_s: Where to end, in seconds; None is the end.

    Raises:
        AudioError: If they are of another type or shape, there are none, they are silent, or not finite.
    """
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(f"expected floating-point samples with full scale 1, received {samples.dtype}")
    if samples.ndim not in (1, 2):
        raise AudioError(f"expected samples of shape (samples,) or (samples, channels), received {samples.shape}")
    if rate_hz <= 0:
        raise AudioError(f"expected samples with their sample_rate_hz, received {rate_hz}")
    stretch = samples[round(start_s * rate_hz) : None if end_s is None else round(end_s * rate_hz)]
    if not stretch.size:
        raise AudioError("holds no samples")
    stretch = stretch.reshape(len(stretch), -1)
    return _mono(stretch, rate_hz=rate_hz, sample_rate_hz=sample_rate_hz)


def padded_batch(sounds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Fill sounds up to one length.

    Args:
        sounds: At least one, each of shape (samples,).

    Returns:
        Float32 (batch, samples) with zeros after each sound, and the length of each, (batch,) int32.
    """
    lengths = np.array([len(sound) for sound in sounds], np.int32)
    batch = np.zeros((len(sounds), lengths.max()), np.float32)
    for row, sound in zip(batch, sounds, strict=True):
        row[: len(sound)] = sound
    return batch, lengths


def _mono(samples: np.ndarray, *, rate_hz: int, sample_rate_hz: int) -> np.ndarray:
    """Average the channels of (samples, channels), resample, and refuse what holds no sound."""
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    peak = max(mono.max(), -mono.min())  # NaN if any sample is
    if not np.isfinite(peak):
        raise AudioError("holds NaN or infinite samples")
    if peak < SILENCE_PEAK:
        raise AudioError(SILENT)
    if rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, rate_hz, sample_rate_hz, quality="HQ")
    return np.ascontiguousarray(mono, dtype=np.float32)


def trim_silence(samples: np.ndarray, *, sample_rate_hz: int, below_db: float, frame_s: float = 0.025) -> np.ndarray:
    """Cut from both ends what is quieter than the loudest frame by more than `below_db`.

    Args:
        samples: Shape (samples,).
        sample_rate_hz: Their rate.
        below_db: Distance from the loudest frame, in decibels.
        frame_s: Length of the frames whose power is compared, in seconds.

    Returns:
        A view of `samples`, whole frames kept; unchanged if shorter than a frame.
    """
    frame = round(frame_s * sample_rate_hz)
    frames = len(samples) // frame
    if frames == 0:
        return samples
    power = np.square(samples[: frames * frame].reshape(frames, frame), dtype=np.float64).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-below_db / 10))
    end = len(samples) if loud[-1] == frames - 1 else (loud[-1] + 1) * frame
    return samples[loud[0] * frame : end]


def _open(path: Path | BinaryIO) -> soundfile.SoundFile:
    """Open a file, its header read and checked."""
    if isinstance(path, Path):
        if not path.exists():
            raise AudioError("does not exist")
        if not path.is_file():
            raise AudioError("is not a file")
        if path.stat().st_size == 0:
            raise AudioError("is an empty file")
    elif is_remote(path):
        path = io.BytesIO(_fetched(path))
    try:
        sound = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise AudioError(f"is not audio that can be read ({_reason(error)})") from error
    stated = _STATED_LENGTH.search(sound.extra_info)
    if stated and int(stated[2]) + 1 < int(stated[1]) < _PLACEHOLDER:
        sound.close()
        raise AudioError(f"is cut short: {stated[2]} of {stated[1]} bytes of sound are there")
    return sound


def _fetched(path: Path) -> bytes:
    try:
        content = read_remote(path)
    except FileNotFoundError:
        raise AudioError("does not exist") from None
    if not content:
        raise AudioError("is an empty file")
    return content


def _reason(error: Exception) -> str:
    """Return libsndfile's own words, without the path that it repeats."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
