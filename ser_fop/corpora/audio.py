"""Audio as mono float32 at one rate, from files or from samples in memory."""

import numbers
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from ser_fop.corpora.opening import AudioError, open_audio, translate_file_errors
from ser_fop.corpora.sub_audible import sub_audible_basis

# A file whose samples vary by less contains no sound. Full scale is 1, so this is half a step of 16 bits.
SILENCE_PEAK = 0.5 / 32768
SILENT = "is silent"
NO_SPEECH = "contains no speech"
# Floating-point files may exceed full scale by 30 dB. Samples on the scale of 16-bit integers exceed it by far more.
LARGEST_PEAK = 32.0
# Ends of segments are often rounded.
END_TOLERANCE_S = 0.05

_BLOCK_FRAMES = 1 << 20


def duration_s(path: Path) -> float:
    """Return the duration of a file in seconds, without decoding it where its header is right.

    Raises:
        AudioError: If the file is missing, empty or not audio.
    """
    with translate_file_errors(), open_audio(path) as sound:
        return sound.frames / sound.samplerate


def read_audio(
    path: Path | BinaryIO,
    *,
    sample_rate_hz: int,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_duration_s: float | None = None,
) -> np.ndarray:
    """Read a file, or a stretch of it, as mono float32 at `sample_rate_hz`.

    Channels are averaged. Other sample rates are resampled by soxr (quality HQ). The level does not change.

    Args:
        path: A WAV file of any depth, FLAC, Ogg or MP3, at a path or a URL; or an open, seekable file. Other formats,
            such as M4A and WebM, need the extra `av`.
        sample_rate_hz: Sample rate of the result.
        start_s: Start of the stretch, in seconds.
        end_s: End of the stretch, in seconds; None is the end of the file.
        max_duration_s: Refuse longer stretches before they are read.

    Returns:
        Samples of shape (samples,) in [-1, 1]. Floating-point files may exceed this range.

    Raises:
        AudioError: If the file is missing, not audio, cut short, empty or silent, lasts too long, ends before the
            stretch does, or contains NaN, infinite samples or samples far above full scale.
        InputError: If the file is at a URL that cannot be reached.
    """
    with translate_file_errors(), open_audio(path) as sound:
        rate_hz = sound.samplerate
        first, last = _limits(sound.frames, rate_hz=rate_hz, start_s=start_s, end_s=end_s)
        if max_duration_s is not None and last - first > max_duration_s * rate_hz:
            raise AudioError(f"lasts {(last - first) / rate_hz:.1f} s, longer than {max_duration_s:g} s")
        with translate_file_errors("cannot be decoded"):
            if first:
                sound.seek(first)
            samples = _read(sound, last - first)
    if len(samples) < last - first:
        raise AudioError(f"is cut short: {len(samples)} of {last - first} samples could be read")
    return _mono(samples, rate_hz=rate_hz, sample_rate_hz=sample_rate_hz)


def _limits(frames: int, *, rate_hz: int, start_s: float, end_s: float | None) -> tuple[int, int]:
    """Return the first sample of a stretch and the one after its last."""
    if frames == 0:
        raise AudioError("contains no samples")
    first = round(start_s * rate_hz)
    last = frames if end_s is None else round(end_s * rate_hz)
    if first >= frames or last > frames + END_TOLERANCE_S * rate_hz:
        end = "its end" if end_s is None else f"{end_s:g} s"
        raise AudioError(
            f"lasts {frames / rate_hz:.3f} s: expected a stretch inside it, received {start_s:g} s to {end}"
        )
    last = min(last, frames)
    if last <= first:
        raise AudioError(f"contains no samples between {start_s:g} s and {end_s:g} s")
    return first, last


def _read(sound: soundfile.SoundFile, count: int) -> np.ndarray:
    """Read up to `count` samples of each channel in blocks: a header may state more than memory holds."""
    blocks = []
    while count > 0:
        block = sound.read(min(count, _BLOCK_FRAMES), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        count -= len(block)
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate(blocks) if blocks else np.zeros((0, sound.channels), np.float32)


def take_audio(
    samples: np.ndarray, *, rate_hz: float, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None
) -> np.ndarray:
    """Convert samples in memory, or a stretch of them, to the form that `read_audio` returns.

    Args:
        samples: Floating-point samples with full scale 1, of shape (samples,) or (samples, channels).
        rate_hz: Sample rate of `samples`.
        sample_rate_hz: Sample rate of the result.
        start_s: Start of the stretch, in seconds.
        end_s: End of the stretch, in seconds; None is the end.

    Raises:
        AudioError: If the type, shape or rate is wrong, or the samples are missing, silent, not finite or far above
            full scale.
    """
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(f"expected floating-point samples with full scale 1, received {samples.dtype}")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.shape[1] > max(1, samples.shape[0])):
        raise AudioError(f"expected samples of shape (samples,) or (samples, channels), received {samples.shape}")
    if not isinstance(rate_hz, numbers.Real) or isinstance(rate_hz, bool) or not 0 < rate_hz < float("inf"):
        raise AudioError(f"expected the samples' sample_rate_hz as a positive number, received {rate_hz!r}")
    first, last = _limits(len(samples), rate_hz=rate_hz, start_s=start_s, end_s=end_s)
    stretch = samples[first:last].astype(np.float32, copy=False)
    return _mono(stretch.reshape(len(stretch), -1), rate_hz=rate_hz, sample_rate_hz=sample_rate_hz)


def padded_batch(sounds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pad sounds to the length of the longest.

    Args:
        sounds: At least one array of shape (samples,).

    Returns:
        Float32 (batch, samples) with zeros after each sound, and the lengths, (batch,) int32.
    """
    lengths = np.array([len(sound) for sound in sounds], np.int32)
    batch = np.zeros((len(sounds), lengths.max()), np.float32)
    for row, sound in zip(batch, sounds, strict=True):
        row[: len(sound)] = sound
    return batch, lengths


def _mono(samples: np.ndarray, *, rate_hz: float, sample_rate_hz: int) -> np.ndarray:
    """Average the channels of (samples, channels) and resample; refuse samples that are no sound."""
    if not samples.size:
        raise AudioError("contains no samples")
    with np.errstate(over="ignore", invalid="ignore"):  # the peak tells
        mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    peak = max(mono.max(), -mono.min())  # NaN if any sample is NaN
    if not np.isfinite(peak):
        raise AudioError("contains NaN or infinite samples")
    if peak > LARGEST_PEAK:
        raise AudioError(
            f"contains samples up to {peak:.0f}, but full scale is 1: divide samples of 16-bit integers by 32768"
        )
    if is_silent(mono):
        raise AudioError(SILENT)
    if rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, rate_hz, sample_rate_hz, quality="HQ")
    return np.ascontiguousarray(mono, dtype=np.float32)


def is_silent(samples: np.ndarray) -> bool:
    """Return True if samples, (samples,), contain no sound: half their range is below `SILENCE_PEAK`.

    A constant is silent too.
    """
    return float(np.ptp(samples)) / 2 < SILENCE_PEAK


def trim_silence(
    samples: np.ndarray, *, sample_rate_hz: int, below_db: float, frame_s: float = 0.025, remove_below_hz: float = 0.0
) -> np.ndarray:
    """Cut from both ends the frames that are quieter than the loudest one by more than `below_db`.

    Args:
        samples: Shape (samples,).
        sample_rate_hz: Sample rate of `samples`.
        below_db: Distance from the power of the loudest frame, in decibels.
        frame_s: Length of a frame, in seconds.
        remove_below_hz: The power of a frame does not count what lies below this frequency; 0 counts everything.

    Returns:
        A view of `samples` that begins and ends with a whole frame; all samples if they are shorter than a frame.
    """
    frame = round(frame_s * sample_rate_hz)
    frames = len(samples) // frame
    if frames == 0:
        return samples
    framed = samples[: frames * frame].reshape(frames, frame)
    if remove_below_hz:
        slow = sub_audible_basis(frame, sample_rate_hz=sample_rate_hz, below_hz=remove_below_hz)
        framed = framed - (framed @ slow) @ slow.T
    power = np.square(framed, dtype=np.float64).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-below_db / 10))
    end = len(samples) if loud[-1] == frames - 1 else (loud[-1] + 1) * frame
    return samples[loud[0] * frame : end]
