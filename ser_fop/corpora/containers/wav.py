"""WAV and AIFF: the size of the chunk that contains the samples."""

import re

from ser_fop.corpora.containers.restated import Restated

# Lines of libsndfile's log that show a size of 0, or a size that ends between two samples instead of at a chunk.
_WRONG_SIZE = re.compile(
    r"^data : 0$|^\*\*\* Unknown chunk marker|^\*\*\* Chunk size \d+ > file length|^ *SSND : 8$", re.MULTILINE
)
_FIRST_CHUNK = 12
_TAGS = (b"TAG", b"ID3", b"APETAGEX")
_TEXT = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))
_LARGEST = 0xFFFFFFFF
# Bytes of an SSND chunk before the samples: offset and block size.
_SSND_HEADER = 8


def _is_audio(rest: bytes, byteorder: str) -> bool:
    """Return False if what follows the samples is padding, a tag, text, or chunks, which may follow a missing pad."""
    if len(set(rest)) <= 1 or rest.startswith(_TAGS) or all(byte in _TEXT for byte in rest):
        return False
    return not any(_ends_with_chunks(rest[skipped:], byteorder) for skipped in (0, 1))


def _ends_with_chunks(rest: bytes, byteorder: str) -> bool:
    at = 0
    while at + 8 <= len(rest):
        size = int.from_bytes(rest[at + 4 : at + 8], byteorder)
        at += 8 + size + size % 2
    return len(rest) <= at <= len(rest) + 1


def is_suspicious(log: str) -> bool:
    """Return True if libsndfile's log (`SoundFile.extra_info`) shows a size that cannot be right."""
    return _WRONG_SIZE.search(log) is not None


def restate(content: bytes) -> Restated | None:
    """Let the samples of a WAV or AIFF file extend to the end of the file.

    Args:
        content: A file with a suspicious size.

    Returns:
        The corrected file, or None if what follows the samples is no audio.
    """
    file = bytearray(content)
    byteorder = {b"RIFF": "little", b"FORM": "big"}.get(bytes(file[:4]))
    if byteorder is None:
        return None
    at, frames_at, frame_bytes = _FIRST_CHUNK, None, 0
    while at + 8 <= len(file):
        name, size = bytes(file[at : at + 4]), int.from_bytes(file[at + 4 : at + 8], byteorder)
        if name == b"COMM":
            channels, bits = (int.from_bytes(file[start : start + 2], "big") for start in (at + 8, at + 14))
            frames_at, frame_bytes = at + 10, channels * -(-bits // 8)
        if name in (b"data", b"SSND"):
            rest = len(file) - at - 8
            if size and not _is_audio(bytes(file[at + 8 + size :]), byteorder):
                return None
            file[at + 4 : at + 8] = min(rest, _LARGEST).to_bytes(4, byteorder)
            file[4:8] = min(len(file) - 8, _LARGEST).to_bytes(4, byteorder)
            if name == b"SSND" and frame_bytes:
                frames = (rest - _SSND_HEADER) // frame_bytes
                file[frames_at : frames_at + 4] = min(frames, _LARGEST).to_bytes(4, "big")
            return Restated(content=bytes(file))
        at += 8 + size + size % 2
    return None
