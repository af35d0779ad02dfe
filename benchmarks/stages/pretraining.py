"""Pretraining: useful frames per second of one epoch, without padding, and the memory of a large step."""

from collections.abc import Callable
from typing import Any

from benchmarks.apart import apart
from benchmarks.fake_records import write_records
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.lengths import FRAMES_PER_SECOND, lengths
from benchmarks.settings import Settings
from benchmarks.trainers import chunks, fit_naive, fit_ours, fit_twin, ours, twin_step

PRECISIONS = ("float32", "bfloat16")
# Length distribution, number of utterances, and maximum frames of a chunk (512 is the default of `ser-fop pretrain`).
_RUNS = {
    "iemocap": ("iemocap", 256, 512),
    "iemocap-whole": ("iemocap", 256, 0),
    "librispeech": ("librispeech", 64, 512),
    "equal": ("equal", 128, 512),
}
# Number of utterances for the naive version, which takes several times as long.
_NAIVE = 96


def run(settings: Settings) -> list[Comparison]:
    """Compare with the PyTorch twin, with our model without kernels, and with a naive Keras version."""
    found = []
    for name in ("iemocap",) if settings.quick else _RUNS:
        distribution, count, limit = _RUNS[name]
        held = lengths(distribution, 32 if settings.quick else count)
        records = apart(write_records, settings.work / name, held)
        for precision in PRECISIONS:
            ours_options = {"records": records, "precision": precision, "chunk_frames": limit}
            twin_options = {"held": apart(chunks, held, limit), "precision": precision}
            contenders = [
                Contender(name="ser_fop pretrain", setup=fit_ours, options=ours_options),
                Contender(name="PyTorch twin, bucketed, in memory", setup=fit_twin, options=twin_options),
            ]
            if name == "iemocap":
                contenders += [
                    Contender(name="ser_fop, plain keras.ops", setup=fit_ours, options={**ours_options, "plain": True}),
                    Contender(
                        name=f"naive Keras, random batches of whole utterances ({_NAIVE} of them)",
                        setup=fit_naive,
                        options={"held": held[:_NAIVE], "precision": precision},
                    ),
                ]
            title = (
                f"one epoch over {len(held)} utterances of lengths `{distribution}`"
                f" ({held.sum() / FRAMES_PER_SECOND / 60:.0f} min), {f'in chunks of {limit}' if limit else 'whole'},"
                f" {precision}, at most 32 in a batch. Ours reads its records; the twin has the same batches in memory."
            )
            key = f"pretraining-{name}-{precision}"
            found.append(compare(key, title, contenders, unit="useful frames / s", rounds=settings.rounds))
    return [*found, *memory(settings)]


def memory(settings: Settings) -> list[Comparison]:
    """Compare the memory that one large training step adds to its process."""
    batch, frames = (8, 256) if settings.quick else (32, 1024)
    found = []
    for precision in PRECISIONS:
        options = {"precision": precision, "batch": batch, "frames": frames}
        contenders = [
            Contender(name="ser_fop", setup=_our_memory, options=options, warmups=0),
            Contender(name="PyTorch twin", setup=_twin_memory, options=options, warmups=0),
            Contender(
                name="ser_fop, plain keras.ops", setup=_our_memory, options={**options, "plain": True}, warmups=0
            ),
        ]
        title = (
            f"memory that a training step on {batch} x {frames} frames adds to its process, {precision}:"
            " frames for each GiB (the column of peak memory is the whole process)."
        )
        key = f"pretraining-memory-{precision}"
        found.append(compare(key, title, contenders, unit="frames / GiB", rounds=1))
    return found


def _our_memory(precision: str, batch: int, frames: int, plain: bool = False) -> Callable[[], tuple[float, float]]:
    model = ours(precision, plain=plain)

    def step(batch: int, frames: int) -> None:
        import numpy as np

        mel = np.zeros((batch, frames + 1, 80), np.float32)
        mask = np.ones((batch, frames), bool)
        model.train_on_batch({"mel": mel[:, :-1], "mask": mask}, mel[:, 1:], mask.astype(np.float32))

    return _measured(step, batch, frames)


def _twin_memory(precision: str, batch: int, frames: int) -> Callable[[], tuple[float, float]]:
    import torch

    train = twin_step(precision)

    def step(batch: int, frames: int) -> None:
        train(torch.zeros(batch, frames + 1, 80), torch.ones(batch, frames + 1, dtype=torch.bool))

    return _measured(step, batch, frames)


def _measured(step: Callable[[int, int], Any], batch: int, frames: int) -> Callable[[], tuple[float, float]]:
    """Return a function that returns the frames of a step, and the GiB that it adds after a tiny step."""
    from benchmarks.harness import peak_gib

    step(1, 8)
    before = peak_gib()

    def work() -> tuple[float, float]:
        for _ in range(2):
            step(batch, frames)
        return batch * frames, peak_gib() - before

    return work
