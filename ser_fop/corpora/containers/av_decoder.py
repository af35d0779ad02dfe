"""Formats that libsndfile does not read, such as AAC in MP4 and Opus in WebM, decoded by PyAV (the extra `av`)."""

import functools
import importlib.util
import io
import itertools
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

# First bytes of a container, and the position at which they stand.
_CONTAINERS = (
    (4, b"ftyp", "an MP4 container (M4A, MP4, MOV)"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska container (WebM, MKA, MKV)"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "an ASF container (WMA, WMV)"),
    *((0, bytes([0xFF, second]), "AAC") for second in (0xF0, 0xF1, 0xF8, 0xF9)),
    (0, b"#!AMR", "AMR"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
)


def container_of(first: bytes) -> str | None:
    """Name the container of a file that PyAV reads.

    Args:
        first: First bytes of the file.
    """
    for at, magic, name in _CONTAINERS:
        if first[at : at + len(magic)] == magic:
            return name
    return None


def is_installed() -> bool:
    """Return True if PyAV can be imported."""
    return importlib.util.find_spec("av") is not None


def decode(source: Path | BinaryIO) -> bytes | None:
    """Decode the first audio stream of a file, and average its channels.

    The last file is remembered, since a corpus may take many segments of one.

    Args:
        source: A path, or an open, seekable file.

    Returns:
        The audio as a floating-point WAV file; None if the file has no audio stream.

    Raises:
        ValueError: If the file is damaged.
    """
    if not isinstance(source, Path):
        return _decode(source)
    found = source.stat()
    return _decode_file(os.fspath(source), found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _decode_file(path: str, _size: int, _modified_ns: int) -> bytes | None:
    return _decode(path)


def _decode(source: str | BinaryIO) -> bytes | None:
    import av  # an extra

    try:
        with av.open(source) as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            channels, rate_hz = stream.layout.nb_channels, stream.rate
            resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=rate_hz)
            samples = []
            for frame in itertools.chain(container.decode(stream), [None]):
                parts = resampler.resample(frame)
                samples += [part.to_ndarray().reshape(-1, channels).mean(axis=1) for part in parts]
    # Some errors of FFmpeg derive from nothing else, and a stream without a codec has no layout.
    except (av.error.FFmpegError, AttributeError) as error:
        raise ValueError(getattr(error, "strerror", None) or "no codec") from error
    decoded = io.BytesIO()
    sound = np.concatenate(samples) if samples else np.zeros(0, np.float32)
    soundfile.write(decoded, sound, rate_hz, format="WAV", subtype="FLOAT")
    return decoded.getvalue()
