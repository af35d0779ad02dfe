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
    """Everybody but one speaker: what is left out must stay out however it is read."""
    return [(records, {row.id for row in records.rows if row.speaker != "anna"})]


@pytest.fixture(scope="module")
def service():
    """Serve with a dispatcher and two workers, on loopback."""
    served = tf.data.experimental.service
    dispatcher = served.DispatchServer(served.DispatcherConfig(port=0))
    place = dispatcher.target.split("://")[1]
    workers = [served.WorkerServer(served.WorkerConfig(dispatcher_address=place)) for _ in range(2)]
    yield dispatcher.target
    del workers, dispatcher


def heard(dataset):
    return {item["id"].decode(): item["mel"] for item in dataset.as_numpy_iterator()}


class TestSharedByFile:
    @pytest.mark.parametrize("count", [1, 2, 3, 4])
    def test_each_utterance_is_one_machine_s_and_each_file_too(self, parts, count):
        ((records, ids),) = parts
        shard_of = {row.id: row.shard for row in records.rows}
        shares = [next(iter(share))[1] for share in shared_by_file(parts, count)]
        assert sorted(name for share in shares for name in share) == sorted(ids)
        files = [{shard_of[name] for name in share} for share in shares]
        assert sum(map(len, files)) == len(set().union(*files)) == 4
        assert all(files)

    def test_frames_are_dealt_out_evenly(self, parts):
        ((records, ids),) = parts
        frames = {row.id: row.frames for row in records.rows}
        held = [sum(frames[name] for name in share[0][1]) for share in shared_by_file(parts, 2)]
        most = max(sum(frames[row.id] for row in records.rows if row.shard == shard) for shard in range(5))
        assert abs(held[0] - held[1]) <= most < sum(frames[name] for name in ids)

    def test_too_few_files(self, parts):
        with pytest.raises(InputError, match="expected at least 5, received 4"):
            shared_by_file(parts, 5)


class TestService:
    def test_every_utterance_comes_once_as_without_it(self, parts, service):
        alone, served = heard(utterances(parts)), heard(utterances(parts, service=service))
        assert len(alone) == len(parts[0][1])
        assert set(served) == set(alone)
        assert all(np.array_equal(served[name], alone[name]) for name in alone)
        count = sum(1 for _ in utterances(parts, service=service))
        assert count == len(parts[0][1])

    def test_batches_are_as_many_and_hold_as_much(self, parts, service):
        def held(**options):
            batches = list(unlabelled_batches(parts, seed=0, **SIZES, **options).as_numpy_iterator())
            weighted = sum(float((inputs["mel"] * weight[..., None]).sum()) for inputs, _, weight in batches)
            return len(batches), sum(weight.sum() for *_, weight in batches), pytest.approx(weighted, rel=1e-4)

        assert held(service=service) == held()

    def test_its_workers_share_the_files(self, parts, service):
        # Without sharing, each of two workers would give every utterance.
        assert len(list(utterances(parts, service=service))) < 2 * len(parts[0][1])

    def test_an_address_that_answers_is_taken(self, service):
        assert require_service(service) == service

    @pytest.mark.parametrize("address", ["localhost:5000", "http://localhost:5000", "grpc://localhost", "grpc://:5000"])
    def test_what_is_no_address(self, address):
        with pytest.raises(InputError, match="expected an address such as grpc://host:5000"):
            require_service(address)

    def test_nothing_answers(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(InputError, match="nothing answers there"):
            require_service(f"grpc://127.0.0.1:{port}")
