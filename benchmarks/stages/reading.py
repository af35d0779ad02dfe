"""Reading of stored log-mels as shuffled, bucketed float32 batches: an epoch of training data without training."""

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.apart import apart
from benchmarks.fake_records import write_records
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.lengths import lengths
from benchmarks.settings import Settings
from benchmarks.stages import reading_peers as peers

_BATCH_SIZE, _BATCH_FRAMES = 32, 16384
# Prediction horizon in frames. This number of frames per utterance has no target, and does not count as useful.
_HORIZON = 1
_LENGTHS = {"iemocap": "of IEMOCAP's lengths", "librispeech": "of LibriSpeech's lengths", "equal": "of 450 frames each"}


def run(settings: Settings) -> list[Comparison]:
    count = 300 if settings.quick else 2000
    found = []
    for name in ("iemocap",) if settings.quick else _LENGTHS:
        folder = settings.work / name
        held = lengths(name, count)
        apart(write_records, folder / "records", held)
        for kind, write in peers.WRITERS.items():
            apart(write, folder / kind, held)
        found.append(_whole(settings, name, folder, held))
        if name == "iemocap":
            found.append(_chunked(settings, folder, held))
        shutil.rmtree(folder)
    return found


def _whole(settings: Settings, name: str, folder: Path, held: "peers.Lengths") -> Comparison:
    frames = int((held - _HORIZON).sum())
    sizes = {"batch_size": _BATCH_SIZE, "batch_frames": _BATCH_FRAMES}
    shared = {"lengths": held, "horizons": _HORIZON, **sizes}
    contenders = [
        Contender(
            name="ser_fop.data.datasets",
            setup=_ours,
            options={"records": folder / "records", "frames": frames, "chunk_frames": 0, **sizes},
        )
    ]
    contenders += [
        Contender(name=title, setup=peers.loop, options={"kind": kind, "path": folder / kind, **shared})
        for title, kind in (
            ("HDF5 (h5py), loop", "hdf5"),
            ("Parquet (pyarrow), loop", "parquet"),
            (".npy files, loop", "npy"),
        )
    ]
    loader = {"folder": folder / "npy", "workers": 2, **shared}
    contenders.append(
        Contender(name="PyTorch DataLoader over .npy, 2 workers", setup=peers.data_loader, options=loader)
    )
    title = (
        f"{len(held)} utterances {_LENGTHS[name]}, {frames / 1e6:.2f} M useful frames of 80 float16 mels in the page cache, to float32"
        f" batches of at most {_BATCH_SIZE} utterances and {_BATCH_FRAMES} frames, bucketed and shuffled. Ours also"
        " makes masks and shifted targets, the peers masks."
    )
    return compare(f"reading-{name}", title, contenders, unit="useful frames / s", rounds=settings.rounds, whole=frames)


def _chunked(settings: Settings, folder: Path, held: "peers.Lengths") -> Comparison:
    limit = 512
    pieces = peers.chunk_lengths(held, limit)
    frames = int((pieces - _HORIZON).sum())
    sizes = {"batch_size": _BATCH_SIZE, "batch_frames": _BATCH_FRAMES}
    contenders = [
        Contender(
            name="ser_fop.data.datasets",
            setup=_ours,
            options={"records": folder / "records", "frames": frames, "chunk_frames": limit, **sizes},
        ),
        Contender(
            name=".npy files, memory-mapped, loop",
            setup=peers.chunk_loop,
            options={"folder": folder / "npy", "lengths": held, "limit": limit, "horizons": _HORIZON, **sizes},
        ),
    ]
    title = (
        f"{len(held)} utterances {_LENGTHS['iemocap']} cut into {len(pieces)} chunks of at most {limit} frames,"
        f" {frames / 1e6:.2f} M useful frames, otherwise like `reading-iemocap`"
    )
    return compare("reading-chunks", title, contenders, unit="useful frames / s", rounds=settings.rounds, whole=frames)


def _ours(records: Path, frames: int, chunk_frames: int, batch_size: int, batch_frames: int) -> Callable[[], float]:
    import tensorflow as tf

    from ser_fop.data.datasets import unlabelled_batches
    from ser_fop.data.records import Records

    opened = Records(records)
    parts = [(opened, frozenset(row.id for row in opened.rows))]
    batches = unlabelled_batches(
        parts, horizons=(_HORIZON,), batch_size=batch_size, batch_frames=batch_frames, chunk_frames=chunk_frames, seed=0
    )

    def work() -> float:
        counted = tf.constant(0.0)
        for _, _, weight in batches:
            counted += tf.reduce_sum(weight)
        assert int(counted) == frames, f"{int(counted)} useful frames, expected {frames}"
        return frames

    return work
