"""The same log-mels in other file formats, with typical loops that read them.

`WRITERS` has the function that writes each format; `loop`, `chunk_loop` and `data_loader` are the contenders.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.batches import bucketed, padded
from benchmarks.fake_records import fake_mels

if TYPE_CHECKING:
    import numpy as np

    Lengths = np.ndarray
    Read = Callable[[int], np.ndarray]


def _write_hdf5(path: Path, lengths: "Lengths") -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for number, mel in enumerate(fake_mels(lengths)):
            file.create_dataset(str(number), data=mel)


def _write_parquet(path: Path, lengths: "Lengths") -> None:
    import pyarrow
    from pyarrow import parquet

    # No compression, because the data are noise; row groups have the size of one of our shards.
    schema = pyarrow.schema([("mel", pyarrow.binary())])
    mels = fake_mels(lengths)
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        while group := [mel.tobytes() for mel in itertools.islice(mels, 256)]:
            writer.write_table(pyarrow.table({"mel": group}, schema=schema))


def _write_npy(path: Path, lengths: "Lengths") -> None:
    import numpy as np

    path.mkdir()
    for number, mel in enumerate(fake_mels(lengths)):
        np.save(_npy(path, number), mel)


WRITERS = {"hdf5": _write_hdf5, "parquet": _write_parquet, "npy": _write_npy}


def _npy(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.npy"


def _read_hdf5(path: Path) -> "Read":
    import h5py

    file = h5py.File(path)
    return lambda number: file[str(number)][:]


def _read_parquet(path: Path) -> "Read":
    import numpy as np
    from pyarrow import parquet

    # Memory-mapped, so that random access costs no more than sequential access.
    column = parquet.read_table(path, memory_map=True).column("mel")
    return lambda number: np.frombuffer(column[number].as_buffer(), np.float16).reshape(-1, 80)


def _read_npy(path: Path) -> "Read":
    import numpy as np

    return lambda number: np.load(_npy(path, number))


_READERS = {"hdf5": _read_hdf5, "parquet": _read_parquet, "npy": _read_npy}


def loop(kind: str, path: Path, lengths: "Lengths", horizons: int, **sizes: Any) -> Callable[[], float]:
    seeds = itertools.count()

    def work() -> float:
        read = _READERS[kind](path)  # each epoch opens its files again, as ser_fop does
        frames = 0
        for batch in bucketed(lengths, seed=next(seeds), **sizes):
            _, mask = padded([read(number) for number in batch])
            frames += int(mask[:, horizons:].sum())
        return _checked(frames, int((lengths - horizons).sum()))

    return work


def chunk_loop(folder: Path, lengths: "Lengths", limit: int, horizons: int, **sizes: Any) -> Callable[[], float]:
    import numpy as np

    pieces = [
        (number, first, last) for number, length in enumerate(lengths) for first, last in _chunks(int(length), limit)
    ]
    sizes_of = np.array([last - first for _, first, last in pieces])
    seeds = itertools.count()

    def read(piece: tuple[int, int, int]) -> np.ndarray:
        number, first, last = piece
        return np.load(_npy(folder, number), mmap_mode="r")[first:last]

    def work() -> float:
        frames = 0
        for batch in bucketed(sizes_of, seed=next(seeds), **sizes):
            _, mask = padded([read(pieces[index]) for index in batch])
            frames += int(mask[:, horizons:].sum())
        return _checked(frames, int((sizes_of - horizons).sum()))

    return work


def chunk_lengths(lengths: "Lengths", limit: int) -> "Lengths":
    """Return the lengths of the equal chunks that `ser_fop.data.datasets` cuts."""
    import numpy as np

    return np.array([last - first for length in lengths for first, last in _chunks(int(length), limit)])


def _chunks(length: int, limit: int) -> Iterator[tuple[int, int]]:
    size = -(-length // -(-length // limit))
    for first in range(0, length, size):
        yield first, min(first + size, length)


def data_loader(folder: Path, workers: int, lengths: "Lengths", horizons: int, **sizes: Any) -> Callable[[], float]:
    from torch.utils.data import DataLoader

    from benchmarks.stages.reading_torch import MelFolder, ShuffledBatches, collate

    loader = DataLoader(
        MelFolder(folder, len(lengths)),
        batch_sampler=ShuffledBatches(lengths, **sizes),
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=True,
    )

    def work() -> float:
        frames = sum(int(mask[:, horizons:].sum()) for _, mask in loader)
        return _checked(frames, int((lengths - horizons).sum()))

    return work


def _checked(frames: int, expected: int) -> int:
    assert frames == expected, f"{frames} useful frames, expected {expected}"
    return frames
