"""Record shards to single utterances: the part of the way that other processes, or machines, may go instead."""

import contextlib
import os
import re
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.data.records import Records, parse
from ser_fop.errors import InputError

RecordSelection = Sequence[tuple[Records, Collection[str]]]
_ANSWER_S = 10.0
_THREADS = os.cpu_count() or 1


def utterances(parts: RecordSelection, *, service: str = "") -> tf.data.Dataset:
    """Read and parse the chosen utterances of all parts.

    Args:
        parts: Records, each with the ids to use.
        service: Address of a tf.data service, `grpc://host:port`, whose workers read and parse, each some of the files;
            utterances then come in an order of their own. It sees the files under the same paths.

    Returns:
        Items of `id` and `mel` (frames, mels), in the stored type: many of them take half the memory.
    """
    datasets = []
    types = {records.manifest.dtype for records, _ in parts}
    for records, ids in parts:
        chosen = set(ids)
        shards = sorted({row.shard for row in records.rows if row.id in chosen})
        if not shards:
            continue
        paths = [str(records.folder.absolute() / records.manifest.shards[shard].name) for shard in shards]
        dataset = _parsed(paths, records, service=service)
        if len(chosen) < len(records.rows):
            wanted = table(chosen, [1] * len(chosen))
            dataset = dataset.filter(lambda item, wanted=wanted: wanted.lookup(item["id"]) > 0)
        dataset = _normalised(dataset, records)
        if len(types) > 1:
            dataset = dataset.map(lambda item: {**item, "mel": tf.cast(item["mel"], tf.float32)})
        datasets.append(dataset)
    if not datasets:
        raise ValueError("a dataset needs at least one utterance, received none.")
    joined = datasets[0]
    for dataset in datasets[1:]:
        joined = joined.concatenate(dataset)
    return joined


def shared_by_file(parts: RecordSelection, count: int) -> list[list[tuple[Records, frozenset[str]]]]:
    """Divide the shard files among machines, the largest first, each to the machine with the least data.

    Args:
        parts: Records, each with the ids to use.
        count: Machines.

    Returns:
        For each machine, records with the ids that are in its files.

    Raises:
        InputError: If there are fewer files than machines.
    """
    frames: dict[tuple[int, int], int] = {}
    for place, (records, ids) in enumerate(parts):
        for row in records.rows:
            if row.id in ids:
                frames[place, row.shard] = frames.get((place, row.shard), 0) + row.frames
    if len(frames) < count:
        raise InputError(
            f"--shard-by file gives each worker shard files of its own: expected at least {count}, received {len(frames)}."
            " Prepare the records with a smaller --utterances-per-shard, or use --shard-by batch."
        )
    held = [0] * count
    owner = {}
    for file in sorted(frames, key=lambda file: (-frames[file], file)):
        owner[file] = held.index(min(held))
        held[owner[file]] += frames[file]
    return [
        [
            (records, frozenset(row.id for row in records.rows if row.id in ids and owner[place, row.shard] == machine))
            for place, (records, ids) in enumerate(parts)
        ]
        for machine in range(count)
    ]


def require_service(address: str) -> str:
    """Return the address of a tf.data service, or raise `InputError`: tf.data itself would wait for one in silence."""
    found = re.fullmatch(r"grpc://\[?([^\]/]+?)\]?:(\d+)", address)
    if found is None:
        raise InputError(f"--data-service expected an address such as grpc://host:5000, received {address!r}.")
    try:
        socket.create_connection((found[1], int(found[2])), timeout=_ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--data-service {address}: nothing answers there ({error}). Start its dispatcher and workers first, or drop"
            " --data-service."
        ) from error
    print(f"reads through the tf.data service at {address}, and waits there for a worker.", flush=True)
    return address


@contextlib.contextmanager
def translate_service_errors(address: str) -> Iterator[None]:
    """Turn what a tf.data service cannot do into one line; without an address nothing is turned."""
    try:
        yield
    except (tf.errors.NotFoundError, tf.errors.UnavailableError) as error:
        if not address:
            raise
        raise InputError(
            f"--data-service {address} did not give what was asked for ({' '.join(error.message.split())[:200]}). Its workers"
            " must run, and see the records under the same path."
        ) from error


def table(keys: Collection[str], values: Sequence[int]) -> tf.lookup.StaticHashTable:
    """Return a table of strings to numbers; -1 for any other."""
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(keys)), tf.constant(values, tf.int32))
    return tf.lookup.StaticHashTable(initializer, default_value=-1)


def _parsed(paths: Sequence[str], records: Records, *, service: str) -> tf.data.Dataset:
    manifest = records.manifest
    dataset = tf.data.TFRecordDataset(paths, num_parallel_reads=min(len(paths), 4))
    dataset = dataset.map(lambda record: parse(record, manifest), num_parallel_calls=_THREADS)
    if not service:
        return dataset
    # Each file goes to one worker, whichever is free; what holds tables stays here.
    return dataset.apply(
        tf.data.experimental.service.distribute(tf.data.experimental.service.ShardingPolicy.DYNAMIC, service)
    )


def _normalised(dataset: tf.data.Dataset, records: Records) -> tf.data.Dataset:
    """Take off each utterance's mean and deviation where the records say so."""
    if records.normalisation_stats is None:
        return dataset
    place = table([row.id for row in records.rows], range(len(records.rows)))
    normalisation_stats = tf.constant(
        np.stack(records.normalisation_stats, axis=1), tf.float32
    )  # (utterances, 2, mels)

    def normalise(item: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        mean, std = tf.unstack(normalisation_stats[place.lookup(item["id"])])
        return {**item, "mel": (tf.cast(item["mel"], tf.float32) - mean) / std}

    return dataset.map(normalise, num_parallel_calls=_THREADS)
