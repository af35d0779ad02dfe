"""Reading of single utterances from record shards, in this process or in the workers of a tf.data service."""

import contextlib
import os
import re
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.record_examples import parse
from ser_fop.data.records import MIN_VARIANCE, Records
from ser_fop.errors import InputError

DrawFn = Callable[[tf.Tensor, int], tf.Tensor]
RecordSelection = Sequence[tuple[Records | JoinedRecords, Collection[str]]]
_CONNECT_TIMEOUT_S = 10.0
_THREADS = os.cpu_count() or 1


def utterances(parts: RecordSelection, *, service: str = "", draw_fn: DrawFn | None = None) -> tf.data.Dataset:
    """Return a dataset of the selected utterances of all parts.

    Args:
        parts: Pairs of records and the utterance ids to read from them.
        service: Address of a tf.data service, `grpc://host:port`. Its workers read and parse the files, which they
            must find under the same paths. The order of the utterances is then not fixed.
        draw_fn: Draws one of an utterance's renditions, as for `parse`.

    Returns:
        Items of `id` and `mel` (frames, mels); with `draw_fn`, `mel` is the drawn copy, and `recorded` (frames, mels) the
        utterance itself. Without normalisation, `mel` keeps the stored data type: float16 halves
        the memory of the shuffle buffer. Records of different types are cast to float32.

    Raises:
        ValueError: If no utterance is selected.
    """
    datasets, counts = [], []
    folders = [folder for part in parts for folder in _folders(*part)]
    types = {records.manifest.dtype for records, _, _ in folders}
    for records, chosen, prefix in folders:
        shards = sorted({row.shard for row in records.rows if row.id in chosen})
        if not shards:
            continue
        paths = [str(records.folder.absolute() / records.manifest.shards[shard].name) for shard in shards]
        dataset = _parsed(paths, records, service=service, draw_fn=draw_fn)
        if len(chosen) < len(records.rows):
            wanted = table(chosen, [1] * len(chosen))
            dataset = dataset.filter(lambda item, wanted=wanted: wanted.lookup(item["id"]) > 0)
        dataset = _normalised(dataset, records)
        if prefix:
            dataset = dataset.map(lambda item, prefix=prefix: {**item, "id": prefix + item["id"]})
        if len(types) > 1:
            dataset = dataset.map(_as_float32)
        datasets.append(dataset)
        counts.append(len(chosen))
    if not datasets:
        raise ValueError("a dataset needs at least one utterance, received none.")
    return datasets[0] if len(datasets) == 1 else _interleaved(datasets, counts)


def shared_by_file(parts: RecordSelection, count: int) -> list[list[tuple[Records, frozenset[str]]]]:
    """Divide the shard files among machines: the largest first, each to the machine with the fewest frames.

    Args:
        parts: Pairs of records and the utterance ids to read from them.
        count: Number of machines.

    Returns:
        For each machine, pairs of records and the ids in its files.

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
            f"--shard-by file needs at least one shard file per worker: expected at least {count}, received {len(frames)}."
            " Prepare the records with a smaller --utterances-per-shard, or use --shard-by batch."
        )
    frames_of_machine = [0] * count
    owner = {}
    for file in sorted(frames, key=lambda file: (-frames[file], file)):
        owner[file] = frames_of_machine.index(min(frames_of_machine))
        frames_of_machine[owner[file]] += frames[file]
    return [
        [
            (records, frozenset(row.id for row in records.rows if row.id in ids and owner[place, row.shard] == machine))
            for place, (records, ids) in enumerate(parts)
        ]
        for machine in range(count)
    ]


def require_service(address: str) -> str:
    """Return the address of a tf.data service, or raise `InputError`; tf.data would wait for it without a message."""
    found = re.fullmatch(r"grpc://\[?([^\]/]+?)\]?:(\d+)", address)
    if found is None:
        raise InputError(f"--data-service expected an address such as grpc://host:5000, received {address!r}.")
    try:
        socket.create_connection((found[1], int(found[2])), timeout=_CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--data-service {address}: the connection failed ({error}). Start its dispatcher and workers first, or remove"
            " --data-service."
        ) from error
    print(f"the tf.data service at {address} reads the records; waiting for one of its workers.", flush=True)
    return address


@contextlib.contextmanager
def translate_service_errors(address: str) -> Iterator[None]:
    """Raise errors of a tf.data service as `InputError`; without an address, errors stay as they are."""
    try:
        yield
    except (tf.errors.NotFoundError, tf.errors.UnavailableError) as error:
        if not address:
            raise
        raise InputError(
            f"--data-service {address} failed ({' '.join(error.message.split())[:200]}). Its workers must run and must find the"
            " records under the same paths."
        ) from error


def table(keys: Collection[str], values: Sequence[int]) -> tf.lookup.StaticHashTable:
    """Return a lookup table from strings to integers; all other strings give -1."""
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(keys)), tf.constant(values, tf.int32))
    return tf.lookup.StaticHashTable(initializer, default_value=-1)


def _interleaved(datasets: Sequence[tf.data.Dataset], counts: Sequence[int]) -> tf.data.Dataset:
    """Join datasets so that each is spread over the whole: a shuffle buffer then mixes them all.

    Args:
        datasets: The datasets.
        counts: Number of items of each.
    """
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    order = np.repeat(np.arange(len(counts), dtype=np.int64), counts)[np.argsort(places, kind="stable")]
    return tf.data.Dataset.choose_from_datasets(
        datasets, tf.data.Dataset.from_tensor_slices(order), stop_on_empty_dataset=False
    )


def _folders(records: Records | JoinedRecords, ids: Collection[str]) -> list[tuple[Records, Collection[str], str]]:
    """Return the records folders to read, the ids in them, and the prefix of the ids that the dataset returns."""
    return records.selection(ids) if isinstance(records, JoinedRecords) else [(records, set(ids), "")]


def _as_float32(item: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {key: value if value.dtype == tf.string else tf.cast(value, tf.float32) for key, value in item.items()}


def _parsed(paths: Sequence[str], records: Records, *, service: str, draw_fn: DrawFn | None) -> tf.data.Dataset:
    manifest = records.manifest
    dataset = tf.data.TFRecordDataset(paths, num_parallel_reads=min(len(paths), 4))
    dataset = dataset.map(lambda record: parse(record, manifest, draw_fn), num_parallel_calls=_THREADS)
    if not service:
        return dataset
    # Each file goes to the next free worker. Steps with lookup tables run in this process.
    return dataset.apply(
        tf.data.experimental.service.distribute(tf.data.experimental.service.ShardingPolicy.DYNAMIC, service)
    )


def _normalised(dataset: tf.data.Dataset, records: Records) -> tf.data.Dataset:
    """Normalise each utterance by mean and standard deviation if the records' feature config sets `normalised_by`."""
    if records.normalisation_stats is None:
        return dataset
    place = table([row.id for row in records.rows], range(len(records.rows)))
    stats = tf.constant(np.stack(records.normalisation_stats, axis=1), tf.float32)  # (utterances, 2, mels)

    def normalise(item: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        mean, std = tf.unstack(stats[place.lookup(item["id"])])
        own = (mean, std)
        if "recorded" in item:  # the stored sums are those of the utterance itself
            own = _own_moments(item["mel"], scaled=records.manifest.features.normalised_by == "utterance")
            item = {**item, "recorded": (tf.cast(item["recorded"], tf.float32) - mean) / std}
        return {**item, "mel": (tf.cast(item["mel"], tf.float32) - own[0]) / own[1]}

    return dataset.map(normalise, num_parallel_calls=_THREADS)


def _own_moments(mel: tf.Tensor, *, scaled: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """Return mean and standard deviation of each band of a log-mel; a deviation of 1 unless `scaled`."""
    exact = tf.cast(mel, tf.float32)
    mean, variance = tf.nn.moments(exact, axes=[0])
    return mean, tf.sqrt(tf.maximum(variance, MIN_VARIANCE)) if scaled else tf.ones_like(mean)
