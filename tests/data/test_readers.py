import socket

import numpy as np
import pytest
import tensorflow as tf

from ser_fop.data.datasets import unlabelled_batches
from ser_fop.data.readers import require_service, shared_by_file, utterances
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records

SIZES = {"horizons": (1,), "batch_size": 4, "batch_frames": 100}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    mels = toy_utterances(per_speaker=9)
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels, shards=5)


@pytest.fixture(scope="module")
def parts(records):
    """All speakers except one, who must never be read."""
    return [(records, {row.id for row in records.rows if row.speaker != "anna"})]


@pytest.fixture(scope="module")
def service():
    """Start a dispatcher and two workers of a tf.data service on localhost."""
    api = tf.data.experimental.service
    dispatcher = api.DispatchServer(api.DispatcherConfig(port=0))
    address = dispatcher.target.split("://")[1]
    workers = [api.WorkerServer(api.WorkerConfig(dispatcher_address=address)) for _ in range(2)]
    yield dispatcher.target
    del workers, dispatcher


def mels_by_id(dataset):
    return {item["id"].decode(): item["mel"] for item in dataset.as_numpy_iterator()}


class TestSharedByFile:
    @pytest.mark.parametrize("count", [1, 2, 3, 4])
    def test_shared_by_file_gives_each_file_to_one_machine(self, parts, count):
        ((records, ids),) = parts
        shard_of = {row.id: row.shard for row in records.rows}
        shares = [next(iter(share))[1] for share in shared_by_file(parts, count)]
        assert sorted(name for share in shares for name in share) == sorted(ids)
        files = [{shard_of[name] for name in share} for share in shares]
        assert sum(map(len, files)) == len(set().union(*files)) == 4
        assert all(files)

    def test_shared_by_file_balances_frames(self, parts):
        ((records, ids),) = parts
        frames = {row.id: row.frames for row in records.rows}
        totals = [sum(frames[name] for name in share[0][1]) for share in shared_by_file(parts, 2)]
        largest_file = max(sum(frames[row.id] for row in records.rows if row.shard == shard) for shard in range(5))
        assert abs(totals[0] - totals[1]) <= largest_file < sum(frames[name] for name in ids)

    def test_shared_by_file_rejects_fewer_files_than_machines(self, parts):
        with pytest.raises(InputError, match="expected at least 5, received 4"):
            shared_by_file(parts, 5)


class TestService:
    def test_utterances_from_service_equal_local_ones(self, parts, service):
        local, served = mels_by_id(utterances(parts)), mels_by_id(utterances(parts, service=service))
        assert len(local) == len(parts[0][1])
        assert set(served) == set(local)
        assert all(np.array_equal(served[name], local[name]) for name in local)
        count = sum(1 for _ in utterances(parts, service=service))
        assert count == len(parts[0][1])

    def test_unlabelled_batches_from_service_hold_same_frames(self, parts, service):
        def summary(**options):
            batches = list(unlabelled_batches(parts, seed=0, **SIZES, **options).as_numpy_iterator())
            weighted = sum(float((inputs["mel"] * weight[..., None]).sum()) for inputs, _, weight in batches)
            return len(batches), sum(weight.sum() for *_, weight in batches), pytest.approx(weighted, rel=1e-4)

        assert summary(service=service) == summary()

    def test_utterances_from_service_are_not_duplicated(self, parts, service):
        # Without sharding, each of the two workers would return every utterance.
        assert len(list(utterances(parts, service=service))) < 2 * len(parts[0][1])

    def test_require_service_returns_reachable_address(self, service):
        assert require_service(service) == service

    @pytest.mark.parametrize("address", ["localhost:5000", "http://localhost:5000", "grpc://localhost", "grpc://:5000"])
    def test_require_service_rejects_malformed_address(self, address):
        with pytest.raises(InputError, match="expected an address such as grpc://host:5000"):
            require_service(address)

    def test_require_service_rejects_unreachable_address(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(InputError, match="the connection failed"):
            require_service(f"grpc://127.0.0.1:{port}")
