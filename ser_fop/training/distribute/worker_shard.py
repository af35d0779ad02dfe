"""What each machine reads in a training on several."""

import dataclasses
from typing import Any

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.datasets import unlabelled_count
from ser_fop.data.readers import RecordSelection, require_service, shared_by_file
from ser_fop.errors import InputError
from ser_fop.training.distribute.distribution import Distribution


def check_reading(config: PretrainConfig) -> PretrainConfig:
    """Return `config`, or raise `InputError` where its utterances cannot be read as it says."""
    if config.data_service and config.deterministic:
        raise InputError("--data-service gives utterances in the order of its workers: drop it, or --deterministic.")
    if config.data_service and config.strategy == "multiworker" and config.shard_by == "batch":
        raise InputError(
            "--data-service gives each machine an order of its own, so that they cannot take parts of the same batches:"
            " add --shard-by file."
        )
    if config.data_service:
        require_service(config.data_service)
    return config


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerShard:
    """One machine's part of the training data.

    Attributes:
        parts: Records, each with the ids that it reads.
        sizes: Of its batches, as `unlabelled_batches` takes them.
        steps: Batches of an epoch, equal on all machines.
        per_worker_batches: Whether its batches are its own, or the whole ones that every machine has.
    """

    parts: RecordSelection
    sizes: dict[str, Any]
    steps: int
    per_worker_batches: bool


def worker_shard(parts: RecordSelection, distribution: Distribution, *, by: str, **sizes: Any) -> WorkerShard:
    """Return what this machine reads.

    Args:
        parts: Records, each with the ids to learn from.
        distribution: The machines.
        by: `batch`: all of it, and of each batch its rows are taken later; `file`: shard files of its own, in batches
            that are smaller by the number of machines.
        **sizes: Of the batches of all machines together, as `unlabelled_batches` takes them.

    Raises:
        InputError: If there are fewer files than machines, or fewer utterances in a batch.
    """
    count = distribution.workers
    if by == "batch" or count == 1:
        return WorkerShard(parts=parts, sizes=sizes, steps=unlabelled_count(parts, **sizes), per_worker_batches=False)
    if sizes["batch_size"] < count:
        raise InputError(
            f"--batch-size expected at least one utterance for each of {count} workers, received {sizes['batch_size']}."
        )
    own = {**sizes, **{name: sizes[name] // count for name in ("batch_size", "batch_frames")}}
    shares = shared_by_file(parts, count)
    try:
        steps = max(unlabelled_count(share, **own) for share in shares)
    except ValueError as error:
        raise InputError(
            f"--shard-by file: the files of one of {count} workers hold no utterance that is long enough. Use --shard-by batch,"
            " or fewer workers."
        ) from error
    return WorkerShard(parts=shares[distribution.worker], sizes=own, steps=steps, per_worker_batches=True)
