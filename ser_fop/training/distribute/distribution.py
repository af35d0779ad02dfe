"""Where a network trains: on one device, on all of a machine's, or on several machines."""

import contextlib
import functools
import json
import os
import zlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

from ser_fop.errors import InputError

_CLUSTER = "TF_CONFIG"
_EXAMPLE = '{"cluster": {"worker": ["host-a:12345", "host-b:12345"]}, "task": {"type": "worker", "index": 0}}'
# What TensorFlow raises where a collective operation, or the connection under it, has lost its other end.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnknownError,
)


class Distribution:
    """The devices that a network is trained on, which all hold a copy of it.

    Args:
        name: `none`, Keras' own device; `mirrored`, every GPU of this machine; `multiworker`, those of every machine
            that `TF_CONFIG` names, where the same command runs.

    Attributes:
        workers: Processes that train together.
        worker: Which of them this one is; the first one writes.

    Raises:
        InputError: If `TF_CONFIG` is not as expected, or Keras runs on another backend than TensorFlow.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.workers, self.worker = 1, 0
        if name == "none":
            return
        if keras.backend.backend() != "tensorflow":
            raise InputError(
                f"--strategy {name} is TensorFlow's: Keras runs on {keras.backend.backend()} (KERAS_BACKEND), received"
                f" --strategy {name}. Drop it, or unset KERAS_BACKEND."
            )
        if name == "multiworker":
            self.workers, self.worker = _place_in_cluster()

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run folder."""
        return self.worker == 0

    @property
    def strategy(self) -> tf.distribute.Strategy | None:
        """TensorFlow's strategy; None without one. The first use waits for all workers, and must precede any operation."""
        return None if self.name == "none" else _strategy(self.name)

    @property
    def replicas(self) -> int:
        """Copies of the network, on all machines together."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def scope(self) -> contextlib.AbstractContextManager:
        """Return the context in which network and optimizer must be made."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def require_agreement(self, seen: Sequence[str], *, what: str) -> None:
        """Raise `InputError` unless all workers see the same.

        Args:
            seen: What this one sees.
            what: What that is, for the message.
        """
        if self.workers == 1:
            return
        mine = tf.constant(zlib.crc32("\n".join(seen).encode()), tf.int64)

        def total() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, mine)

        found = self.strategy.experimental_local_results(self.strategy.run(tf.function(total)))[0]
        if int(found) != self.replicas * int(mine):
            raise InputError(
                f"the workers see different {what}: --out expected one folder, on a disk that all of them share."
            )

    @contextlib.contextmanager
    def translate_worker_errors(self) -> Iterator[None]:
        """Turn the errors of a worker whose others are gone into one line."""
        try:
            yield
        except _LOST as error:
            if self.workers == 1:
                raise
            raise InputError(
                f"worker {self.worker} of {self.workers} has lost another one, which was killed or cannot be reached"
                f" ({type(error).__name__}: {' '.join(error.message.split())[:150]}). Start the same command on every machine again: the training goes on from its"
                " last checkpoint."
            ) from error


@functools.cache
def _strategy(name: str) -> tf.distribute.Strategy:
    """Make the strategy once: a process may train one network a fold."""
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    print(f"waits for the other workers of {os.environ[_CLUSTER]}", flush=True)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise InputError(
            f"the workers of {_CLUSTER} cannot be brought together ({' '.join(str(error).split())[:200]}). Check that each of"
            " them runs, with an index of its own, and that its address can be reached."
        ) from error


def _place_in_cluster() -> tuple[int, int]:
    """Return how many workers there are, and which of them this process is."""
    text = os.environ.get(_CLUSTER, "")
    expected = f"--strategy multiworker expected the cluster in the environment variable {_CLUSTER}, such as {_EXAMPLE}"
    try:
        found = json.loads(text or "{}")
        workers = found["cluster"]["worker"]
        kind, index = found["task"]["type"], int(found["task"]["index"])
        if not isinstance(workers, list) or not all(isinstance(one, str) and ":" in one for one in workers):
            raise ValueError("no list of addresses")
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{expected}; received {text!r}.") from error
    if set(found["cluster"]) != {"worker"} or kind != "worker" or not 0 <= index < len(workers):
        raise InputError(f"{expected}: workers alone, and an index below their number; received {text!r}.")
    return len(workers), index
