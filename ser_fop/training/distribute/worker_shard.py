"""The training data of each machine in a distributed training."""

import dataclasses
from typing import Any

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.datasets import unlabelled_count
from ser_fop.data.readers import RecordSelection, require_service, shared_by_file
from ser_fop.errors import InputError
from ser_fop.training.distribute.distribution import Distribution


def check_reading(config: PretrainConfig) -> PretrainConfig:
    """Check the options that select how the utterances are read.

    Args:
        config: Config of `pretrain`.

    Returns:
        `config`, unchanged.

    Raises:
        InputError: If the options contradict each other, or if the data service does not answer.
    """
    if config.data_service and config.deterministic:
        raise InputError("--data-service reads utterances in no fixed order: drop it, or drop --deterministic.")
    if config.data_service and config.strategy == "multiworker" and config.shard_by == "batch":
        raise InputError(
            "--data-service gives each machine a different order, so the machines cannot divide the same batches:"
            " add --shard-by file."
        )
    if config.data_service:
        require_service(config.data_service)
    return config


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerShard:
    """One machine's part of the training data.

    Attributes:
        parts: Pairs of records and the utterance ids that this machine reads.
        sizes: Size arguments of `unlabelled_batches` for this machine.
        steps: Number of batches in an epoch, equal on all machines.
        per_worker_batches: Whether this machine reads its own batches. Otherwise all machines read the same batches.
    """

    parts: RecordSelection
    sizes: dict[str, Any]
    steps: int
    per_worker_batches: bool


def worker_shard(parts: RecordSelection, distribution: Distribution, *, by: str, **sizes: Any) -> WorkerShard:
    """Return the part of the training data that this machine reads.

    Args:
        parts: Pairs of records and training utterance ids.
        distribution: The machines.
        by: `batch`: each machine reads all files, and `distribute_steps` divides each batch. `file`: each machine
            reads its own shard files, in batches whose size is divided by the number of machines.
        **sizes: Size arguments of `unlabelled_batches`, for the batches of all machines together.

    Raises:
        InputError: If there are fewer files than machines, or fewer utterances in a batch than machines.
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
            f"--shard-by file expected a long enough utterance in the files of each of {count} workers, but the files"
            " of one have none. Use --shard-by batch, or fewer workers."
        ) from error
    return WorkerShard(parts=shares[distribution.worker], sizes=own, steps=steps, per_worker_batches=True)
