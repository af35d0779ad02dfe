"""Records folders with random log-mels of given lengths; the timings do not depend on the values."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

LABELS = ("angry", "happy", "neutral", "sad")
_SPEAKERS = 10
_PER_SHARD = 256


def write_records(folder: Path, lengths: np.ndarray, mels: int = 80) -> Path:
    """Write a records folder as `ser-fop prepare` does: float16 shards, with ten speakers and four emotions in turn.

    Args:
        folder: Folder to write.
        lengths: Frames of each utterance.
        mels: Mel bands.

    Returns:
        `folder`.
    """
    from ser_fop.config.settings import FeatureConfig
    from ser_fop.corpora.schema import Utterance
    from ser_fop.testing.toy_records import write_toy_records

    found = {}
    for number, mel in enumerate(fake_mels(lengths, mels)):
        key, speaker = f"utterance-{number:06d}", f"speaker-{number % _SPEAKERS}"
        emotion = LABELS[number // _SPEAKERS % len(LABELS)]
        found[Utterance(id=key, file=f"{key}.wav", speaker=speaker, label=emotion, annotation=emotion)] = mel
    records = write_toy_records(
        folder,
        found,
        corpus="fake",
        labels=LABELS,
        features=FeatureConfig(mels=mels),
        dtype="float16",
        shards=-(-len(lengths) // _PER_SHARD),
    )
    return records.folder


def fake_mels(lengths: np.ndarray, mels: int = 80) -> Iterator[np.ndarray]:
    """Yield a float16 log-mel for each length: segments of one random block, which is fast to generate."""
    block = np.random.default_rng(0).normal(-6, 2, size=(2 * int(max(lengths)), mels)).astype(np.float16)
    for number, length in enumerate(lengths):
        first = 7 * number % (len(block) - int(length))
        yield block[first : first + int(length)]
