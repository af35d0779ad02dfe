"""MP3: the number of frames in the Xing, Info or VBRI header (ISO/IEC 11172-3 and 13818-3)."""

import struct
from typing import NamedTuple

from ser_fop.corpora.containers.restated import Restated

_MPEG_1 = 3
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBIT_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MONO = 3
_VBRI_AT = 36
# Encoders differ in whether the header's own frame counts.
_TOLERANCE = 1


class _Header(NamedTuple):
    """The header of a frame: its word, its size in bytes, its samples, and where an Xing header would start."""

    word: int
    size: int
    samples: int
    xing_at: int


def restate(content: bytes, *, reported: int) -> Restated | None:
    """Count the frames of an MP3 file and put their number into an Info header.

    Args:
        content: The file.
        reported: Number of samples that libsndfile reports, for each channel.

    Returns:
        The corrected file, or None if the reported number is right, or the file contains no frames of layer III.
    """
    starts, header = _walk(content)
    if header is None:
        return None
    has_info, stated = _stated(content[starts[0] : starts[0] + header.size], header)
    count = len(starts) - has_info
    is_right = reported == count * header.samples if stated is None else abs(count - stated) <= _TOLERANCE
    if is_right or count < 1:
        return None
    return Restated(
        content=_info_frame(header, count) + content[starts[has_info] :],
        stated=None if stated is None else stated * header.samples,
        found=count * header.samples,
    )


def _walk(data: bytes) -> tuple[list[int], _Header | None]:
    """Return where each frame starts, and the first one's header."""
    at = _id3_size(data)
    starts: list[int] = []
    first: _Header | None = None
    while at + 4 <= len(data):
        header = _header(data, at)
        if header is None or (first is not None and header.samples != first.samples):
            at = data.find(b"\xff", at + 1)
            if at < 0:
                break
            continue
        in_sequence = _header(data, at + header.size) is not None
        if first is None and not in_sequence:
            at += 1
            continue
        if at + header.size > len(data):
            break
        first = first or header
        starts.append(at)
        at += header.size
    return starts, first


def _header(data: bytes, at: int) -> _Header | None:
    """Parse a frame header of layer III; None if the bytes are none."""
    word = int.from_bytes(data[at : at + 4], "big")
    version, layer, bitrate, rate = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return None
    kbit = (_KBIT_MPEG_1 if version == _MPEG_1 else _KBIT_MPEG_2)[bitrate]
    samples = 1152 if version == _MPEG_1 else 576
    size = samples // 8 * kbit * 1000 // _RATES_HZ[version][rate] + (word >> 9 & 1)
    mono = word >> 6 & 3 == _MONO
    side_info = (17 if mono else 32) if version == _MPEG_1 else (9 if mono else 17)
    return _Header(word, size, samples, 4 + side_info)


def _stated(frame: bytes, header: _Header) -> tuple[bool, int | None]:
    """Return whether the first frame is a header without sound, and the number of frames that it states."""
    for at in (header.xing_at, header.xing_at + 2):  # after a checksum, where there is one
        if frame[at : at + 4] in (b"Xing", b"Info") and len(frame) >= at + 12:
            flags, count = struct.unpack(">II", frame[at + 4 : at + 12])
            return True, count if flags & 1 else None
    if frame[_VBRI_AT : _VBRI_AT + 4] == b"VBRI" and len(frame) >= _VBRI_AT + 18:
        return True, int.from_bytes(frame[_VBRI_AT + 14 : _VBRI_AT + 18], "big")
    return False, None


def _info_frame(header: _Header, count: int) -> bytes:
    """Return a frame without sound that states the number of frames."""
    # The highest bit rate leaves room for the header; no checksum, no padding.
    word = header.word & ~(0xF << 12) & ~(1 << 9) | 14 << 12 | 1 << 16
    parsed = _header(word.to_bytes(4, "big"), 0)
    frame = bytearray(parsed.size)
    frame[:4] = word.to_bytes(4, "big")
    frame[parsed.xing_at : parsed.xing_at + 12] = b"Info" + struct.pack(">II", 1, count)
    return bytes(frame)


def _id3_size(data: bytes) -> int:
    """Return the size of an ID3v2 tag at the start of the file, in bytes."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return size + 10
