"""Damage to files, reproducible by seed."""

import numpy as np

# Values that parsers of sizes and counts often get wrong.
_EXTREMES = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)


def mutate(content: bytes, seed: int, *, header: int = 64) -> bytes:
    """Return damaged content.

    Args:
        content: A valid file.
        seed: Seed of the damage; each seed has one kind of damage, and the kinds take turns.
        header: Number of bytes at the start that are damaged more often than the rest.
    """
    generator = np.random.default_rng(seed)
    damaged = bytearray(content)
    kind = seed % 6

    def place() -> int:
        end = len(damaged) if generator.random() < 0.5 else min(header, len(damaged))
        return int(generator.integers(0, max(1, end)))

    if kind == 0:  # bits
        for _ in range(generator.integers(1, 9)):
            damaged[place() % len(damaged)] ^= 1 << int(generator.integers(0, 8))
    elif kind == 1:  # a cut
        del damaged[place() :]
    elif kind == 2:  # an extreme number of 2 or 4 bytes, of either order
        size = int(generator.choice([2, 4]))
        value = int(generator.choice(_EXTREMES)) % 2 ** (8 * size)
        at = place()
        damaged[at : at + size] = value.to_bytes(size, str(generator.choice(["little", "big"])))
    elif kind == 3:  # a stretch that is missing
        at = place()
        del damaged[at : at + int(generator.integers(1, 200))]
    elif kind == 4:  # a stretch that stands twice, or noise
        at = place()
        length = int(generator.integers(1, 200))
        part = bytes(damaged[at : at + length]) if generator.random() < 0.5 else generator.bytes(length)
        damaged[at:at] = part
    else:  # a stretch of zeros
        at = place()
        length = int(generator.integers(1, 400))
        damaged[at : at + length] = bytes(min(length, len(damaged) - at))
    return bytes(damaged)
