import json

import keras
import pytest
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.training.distribute.distribution import Distribution

CLUSTER = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}


def test_distribution_none_has_one_replica():
    single = Distribution("none")
    assert (single.workers, single.worker, single.replicas, single.is_chief) == (1, 0, 1, True)
    with single.scope():
        assert not tf.distribute.has_strategy()


def test_first_worker_is_chief(monkeypatch):
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
def test_invalid_tf_config_is_rejected_with_example(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="expected the cluster in the environment variable TF_CONFIG"):
        Distribution("multiworker")


def test_strategy_on_another_backend_is_rejected(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="expected Keras on TensorFlow, received KERAS_BACKEND=jax"):
        Distribution("mirrored")
    assert Distribution("none").replicas == 1


class TestLostWorkers:
    def test_lost_worker_is_reported_in_one_line(self, monkeypatch):
        monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
        with (
            pytest.raises(
                InputError, match=r"worker 1 of 2 has lost the connection to another.*resumes from its last checkpoint"
            ),
            Distribution("multiworker").translate_worker_errors(),
        ):
            raise tf.errors.UnavailableError(None, None, "Connection reset by peer")

    def test_error_without_other_workers_is_not_translated(self):
        with pytest.raises(tf.errors.UnavailableError), Distribution("none").translate_worker_errors():
            raise tf.errors.UnavailableError(None, None, "Socket closed")

    def test_error_of_another_type_is_not_translated(self, monkeypatch):
        monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
        with pytest.raises(ZeroDivisionError), Distribution("multiworker").translate_worker_errors():
            raise ZeroDivisionError
