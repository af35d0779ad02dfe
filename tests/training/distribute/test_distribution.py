import json

import keras
import pytest
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.training.distribute.distribution import Distribution

CLUSTER = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}


def test_without_a_strategy_there_is_one_copy():
    alone = Distribution("none")
    assert (alone.workers, alone.worker, alone.replicas, alone.is_chief) == (1, 0, 1, True)
    with alone.scope():
        assert not tf.distribute.has_strategy()


def test_the_first_worker_is_the_one_that_writes(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
    second = Distribution("multiworker")
    assert (second.workers, second.worker, second.is_chief) == (2, 1, False)
    monkeypatch.setenv("TF_CONFIG", json.dumps({**CLUSTER, "task": {"type": "worker", "index": 0}}))
    assert Distribution("multiworker").is_chief


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"cluster": {"worker": []}}',
        '{"cluster": {"worker": null}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}',
        json.dumps({**CLUSTER, "task": {"type": "worker", "index": 2}}),
        json.dumps({**CLUSTER, "task": {"type": "evaluator", "index": 0}}),
        json.dumps({**CLUSTER, "cluster": {**CLUSTER["cluster"], "ps": ["c:3"]}}),
    ],
)
def test_a_cluster_that_is_none_is_told_with_an_example(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="expected the cluster in the environment variable TF_CONFIG"):
        Distribution("multiworker")


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="is TensorFlow's: Keras runs on jax"):
        Distribution("mirrored")
    assert Distribution("none").replicas == 1


class TestLostWorkers:
    def test_of_several_workers_it_is_one_line(self, monkeypatch):
        monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
        with (
            pytest.raises(InputError, match=r"worker 1 of 2 has lost another one.*goes on from its last checkpoint"),
            Distribution("multiworker").translate_worker_errors(),
        ):
            raise tf.errors.UnavailableError(None, None, "Connection reset by peer")

    def test_alone_it_is_what_it_is(self):
        with pytest.raises(tf.errors.UnavailableError), Distribution("none").translate_worker_errors():
            raise tf.errors.UnavailableError(None, None, "Socket closed")

    def test_other_errors_pass(self, monkeypatch):
        monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
        with pytest.raises(ZeroDivisionError), Distribution("multiworker").translate_worker_errors():
            raise ZeroDivisionError
