"""AU: the size of the samples, which extend to the end of the file."""

from ser_fop.corpora.containers.restated import Restated

_BYTE_ORDERS = {b".snd": "big", b"dns.": "little"}
_UNKNOWN = 0xFFFFFFFF
# Position of the size in the header, after the magic number and the position of the samples.
_SIZE_AT = 8


def restate(content: bytes) -> Restated | None:
    """Let the samples of an AU file extend to the end of the file.

    Args:
        content: The file.

    Returns:
        The corrected file, or None if the stated size fits, is unknown, or exceeds the file.
    """
    byteorder = _BYTE_ORDERS.get(bytes(content[:4]))
    if byteorder is None:
        return None
    start, size = (int.from_bytes(content[at : at + 4], byteorder) for at in (4, _SIZE_AT))
    rest = len(content) - start
    if size >= rest or len(set(content[start + size :])) <= 1:
        return None
    file = bytearray(content)
    file[_SIZE_AT : _SIZE_AT + 4] = _UNKNOWN.to_bytes(4, byteorder)
    return Restated(content=bytes(file))
