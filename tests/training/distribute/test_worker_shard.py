from types import SimpleNamespace

import pytest

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.datasets import unlabelled_batches
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.distribute.worker_shard import check_reading, worker_shard

SIZES = {"horizons": (1,), "batch_size": 6, "batch_frames": 120}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    records = write_toy_records(tmp_path_factory.mktemp("toy") / "records", toy_utterances(per_speaker=9), shards=5)
    return [(records, {row.id for row in records.rows})]


def machine(worker, workers):
    return SimpleNamespace(worker=worker, workers=workers)


def frames(share):
    dataset = unlabelled_batches(share.parts, **share.sizes)
    return int(dataset.cardinality()), sum(float(weight.sum()) for *_, weight in dataset.as_numpy_iterator())


def test_shard_by_batch_gives_each_machine_all_data(parts):
    shares = [worker_shard(parts, machine(worker, 2), by="batch", **SIZES) for worker in range(2)]
    assert all(share.parts == parts and share.sizes == SIZES and not share.per_worker_batches for share in shares)
    assert {share.steps for share in shares} == {frames(shares[0])[0]}


def test_shard_by_file_divides_data_with_equal_steps(parts):
    shares = [worker_shard(parts, machine(worker, 2), by="file", **SIZES) for worker in range(2)]
    whole = frames(worker_shard(parts, machine(0, 1), by="file", **SIZES))
    found = [frames(share) for share in shares]
    assert sum(one[1] for one in found) == whole[1]
    assert {share.steps for share in shares} == {max(one[0] for one in found)}
    assert all(share.per_worker_batches and share.sizes["batch_size"] == 3 for share in shares)
    # Each machine reads less than the whole, so the parts do not overlap.
    assert max(one[1] for one in found) < whole[1]


def test_shard_by_file_rejects_batch_smaller_than_worker_count(parts):
    with pytest.raises(InputError, match="at least one utterance for each of 4 workers, received 3"):
        worker_shard(parts, machine(0, 4), by="file", **{**SIZES, "batch_size": 3})


def test_shard_by_file_rejects_worker_with_short_utterances_only(parts):
    with pytest.raises(InputError, match="expected a long enough utterance"):
        worker_shard(parts, machine(0, 4), by="file", **{**SIZES, "horizons": (29,)})


def config(tmp_path, **options):
    return PretrainConfig(records=(tmp_path,), out=tmp_path / "out", **options)


def test_check_reading_rejects_orders_that_are_impossible(tmp_path):
    service = {"data_service": "grpc://127.0.0.1:1"}
    with pytest.raises(InputError, match="drop it, or drop --deterministic"):
        check_reading(config(tmp_path, deterministic=True, **service))
    with pytest.raises(InputError, match="add --shard-by file"):
        check_reading(config(tmp_path, strategy="multiworker", **service))
    with pytest.raises(InputError, match="the connection failed"):
        check_reading(config(tmp_path, strategy="multiworker", shard_by="file", **service))
    assert check_reading(config(tmp_path, deterministic=True)).deterministic
