"""FLAC: the number of samples in the `STREAMINFO` block (RFC 9639)."""

from collections.abc import Iterator
from typing import NamedTuple

from ser_fop.corpora.containers.restated import Restated

# Bytes before the number of samples: `fLaC`, the block's header, sizes of blocks and frames, rate and channels.
_SAMPLES_AT = 21
HEADER = 42
# Frames are searched in this many bytes at the end. The largest frame of 24-bit stereo audio is a tenth of it.
SEARCHED = 1 << 20
_SYNC = b"\xff"
_BLOCK_SIZES = {
    1: 192,
    **{code: 576 << code - 2 for code in range(2, 6)},
    **{code: 256 << code - 8 for code in range(8, 16)},
}
_CRC = [0] * 256
for _value in range(256):
    _crc = _value
    for _ in range(8):
        _crc = (_crc << 1 ^ 0x07 if _crc & 0x80 else _crc << 1) & 0xFF
    _CRC[_value] = _crc


class _Frame(NamedTuple):
    """Where a frame starts and ends, in samples from the start of the file."""

    first: int
    end: int


def find_samples(head: bytes, tail: bytes) -> int | None:
    """Count the samples of a FLAC file by the number that its last frame carries.

    A wrong length is only believed to be wrong where two frames in sequence confirm it.

    Args:
        head: First `HEADER` bytes of the file.
        tail: Last `SEARCHED` bytes of the file, without the first ones.

    Returns:
        Number of samples; None if the stated number is right or cannot be checked.
    """
    if head[:4] != b"fLaC" or len(head) < HEADER:
        return None
    stated, last = _stated(head), None
    for frame in _frames_backwards(tail, int.from_bytes(head[8:10], "big")):
        if last is None and frame.end == stated:
            return None
        if (last is not None and frame.end == last.first) or (last is None and frame.first == 0):
            return (last or frame).end
        last = frame
    return None


def restate(content: bytes, found: int) -> Restated:
    """Return a FLAC file whose header states the number of samples found.

    Args:
        content: The file.
        found: Number of samples, as `find_samples` returns it.
    """
    corrected = bytearray(content)
    kept = int.from_bytes(corrected[_SAMPLES_AT : _SAMPLES_AT + 5], "big") >> 36
    corrected[_SAMPLES_AT : _SAMPLES_AT + 5] = (kept << 36 | found).to_bytes(5, "big")
    return Restated(content=bytes(corrected), stated=_stated(content) or None, found=found)


def _stated(head: bytes) -> int:
    return int.from_bytes(head[_SAMPLES_AT : _SAMPLES_AT + 5], "big") & (1 << 36) - 1


def _frames_backwards(tail: bytes, block_size: int) -> Iterator[_Frame]:
    """Yield the frames that start in the end of a file, the last one first."""
    at = len(tail)
    while (at := tail.rfind(_SYNC, 0, at)) >= 0:
        frame = _frame(tail[at : at + 16], block_size)
        if frame is not None:
            yield frame


def _frame(header: bytes, block_size: int) -> _Frame | None:
    """Parse a frame header; None if the bytes are none."""
    if len(header) < 6 or header[1] & 0xFE != 0xF8 or header[3] & 1 or header[3] >> 4 > 10:
        return None
    size_code, rate_code = header[2] >> 4, header[2] & 15
    if size_code == 0 or rate_code == 15:
        return None
    number, at = _coded_number(header)
    if number is None:
        return None
    size = _BLOCK_SIZES.get(size_code)
    if size is None:  # codes 6 and 7: the size follows
        size = int.from_bytes(header[at : at + size_code - 5], "big") + 1
        at += size_code - 5
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(header) or _crc8(header[:at]) != header[at]:
        return None
    has_sample_number = header[1] & 1
    first = number if has_sample_number else number * block_size
    return _Frame(first, first + size)


def _coded_number(header: bytes) -> tuple[int | None, int]:
    """Read the number at byte 4, coded like UTF-8 with up to 36 bits, and return where it ends."""
    lead = header[4]
    if lead < 0x80:
        return lead, 5
    length = 8 - (lead ^ 0xFF).bit_length()
    rest = header[5 : 4 + length]
    if not 2 <= length <= 7 or len(rest) < length - 1 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 4
    number = lead & 0x7F >> length
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, 4 + length


def _crc8(header: bytes) -> int:
    crc = 0
    for byte in header:
        crc = _CRC[crc ^ byte]
    return crc
