"""Distribution of a training: on one device, on all GPUs of a machine, or on several machines."""

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
# Errors that TensorFlow raises if a collective operation loses the connection to another worker.
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
    """The devices that train a network; each holds a copy of it.

    Args:
        name: `none` for Keras' default device; `mirrored` for all GPUs of this machine; `multiworker` for the GPUs of
            all machines in `TF_CONFIG`, on each of which the same command runs.

    Attributes:
        workers: Number of processes that train together.
        worker: Index of this process. Worker 0 is the chief, which writes the run folder.

    Raises:
        InputError: If `TF_CONFIG` is invalid, or if Keras does not run on TensorFlow.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.workers, self.worker = 1, 0
        if name == "none":
            return
        if keras.backend.backend() != "tensorflow":
            raise InputError(
                f"--strategy {name} expected Keras on TensorFlow, received KERAS_BACKEND={keras.backend.backend()}."
                " Drop --strategy, or unset KERAS_BACKEND."
            )
        if name == "multiworker":
            self.workers, self.worker = _place_in_cluster()

    @property
    def is_chief(self) -> bool:
        """Whether this process is the chief, which writes the run folder."""
        return self.worker == 0

    @property
    def strategy(self) -> tf.distribute.Strategy | None:
        """TensorFlow's strategy, or None for `none`.

        The first access waits for all workers, and must come before any TensorFlow operation.
        """
        return None if self.name == "none" else _strategy(self.name)

    @property
    def replicas(self) -> int:
        """Number of copies of the network, over all machines."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def scope(self) -> contextlib.AbstractContextManager:
        """Return the context in which the network and the optimizer must be created."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def require_one_network(self, networks: int) -> None:
        """Check that several machines train one network only.

        Args:
            networks: Number of networks that the command trains.

        Raises:
            InputError: If several machines would train several networks.
        """
        if self.name == "multiworker" and networks > 1:
            raise InputError(
                "--strategy multiworker trains one network, received --fold all. Run each fold by its number: give"
                " --fold a number."
            )

    def require_agreement(self, seen: Sequence[str], *, what: str) -> None:
        """Check that all workers see the same values, such as the same files.

        Args:
            seen: Values that this worker sees.
            what: Description of the values, for the message.

        Raises:
            InputError: If another worker sees other values.
        """
        if self.workers == 1:
            return
        own = tf.constant(zlib.crc32("\n".join(seen).encode()), tf.int64)

        def total() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)

        found = self.strategy.experimental_local_results(self.strategy.run(tf.function(total)))[0]
        if int(found) != self.replicas * int(own):
            raise InputError(
                f"--out expected one folder on a disk that all workers share, but the workers see different {what}."
            )

    @contextlib.contextmanager
    def translate_worker_errors(self) -> Iterator[None]:
        """Translate the TensorFlow errors after the loss of another worker into `InputError`."""
        try:
            yield
        except _LOST as error:
            if self.workers == 1:
                raise
            raise InputError(
                f"worker {self.worker} of {self.workers} has lost the connection to another worker, which was killed or"
                f" is unreachable ({type(error).__name__}: {' '.join(error.message.split())[:150]}). Start the same"
                " command on all machines again: the training resumes from its last checkpoint."
            ) from error


@functools.cache
def _strategy(name: str) -> tf.distribute.Strategy:
    """Create the strategy once per process; a process may train one network per fold."""
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    print(f"waiting for the other workers of {os.environ[_CLUSTER]}", flush=True)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise InputError(
            f"the workers of {_CLUSTER} cannot connect ({' '.join(str(error).split())[:200]}). Check that each worker"
            " runs, has its own index and has a reachable address."
        ) from error


def _place_in_cluster() -> tuple[int, int]:
    """Return the number of workers and the index of this process, from `TF_CONFIG`."""
    text = os.environ.get(_CLUSTER, "")
    expected = f"--strategy multiworker expected the cluster in the environment variable {_CLUSTER}, such as {_EXAMPLE}"
    try:
        found = json.loads(text or "{}")
        workers = found["cluster"]["worker"]
        kind, index = found["task"]["type"], int(found["task"]["index"])
        if not isinstance(workers, list) or not all(isinstance(one, str) and ":" in one for one in workers):
            raise ValueError("worker expected a list of host:port addresses")
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{expected}; received {text!r}.") from error
    if set(found["cluster"]) != {"worker"} or kind != "worker" or not 0 <= index < len(workers):
        raise InputError(f"{expected}, with workers only and an index below their number; received {text!r}.")
    return len(workers), index
