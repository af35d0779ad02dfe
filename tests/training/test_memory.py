import gc
import weakref

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.testing.arrays import normal
from ser_fop.training import memory
from ser_fop.training.classification import compile_classifier
from ser_fop.training.memory import custom_gradients, network_scope, release_networks
from ser_fop.training.reuse import get_or_compile

MELS = 5
INPUTS = {"mel": normal(4, 12, MELS), "mask": np.ones((4, 12), bool)}
CLASSES = np.array([0, 1, 0, 1], np.int32)


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    monkeypatch.setattr(memory, "_registered", set())
    release_networks()
    yield
    release_networks()


def trained(width=8):
    size = ModelConfig(d_model=width, heads=2, feed_forward=11, layers=1)
    network = get_or_compile(
        EmotionClassifier(Backbone(size, MELS), 2),
        lambda fresh: compile_classifier(fresh, optimizer=keras.optimizers.Adam()),
        width=width,
    )
    network.train_on_batch(INPUTS, CLASSES)
    return network


def alive(reference):
    gc.collect()
    return reference() is not None


def test_network_scope_above_the_limit_releases_network_and_traces(monkeypatch):
    monkeypatch.setattr(memory, "_MOST_TRACES", 0)
    before = custom_gradients()
    with network_scope():
        reference = weakref.ref(trained())
        assert custom_gradients() > before
    assert custom_gradients() == before
    assert not alive(reference)


def test_network_without_scope_stays_in_memory():
    before = custom_gradients()
    reference = weakref.ref(trained())
    assert custom_gradients() > before
    assert alive(reference)


def test_network_scope_below_the_limit_keeps_traces_for_an_equal_network():
    with network_scope():
        first = trained()
    traced = custom_gradients()
    with network_scope():
        assert trained() is first
    assert custom_gradients() == traced


def test_network_scope_keeps_traces_made_outside(monkeypatch):
    monkeypatch.setattr(memory, "_MOST_TRACES", 0)
    size = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=1)
    own = EmotionClassifier(Backbone(size, MELS), 2)
    compile_classifier(own, optimizer=keras.optimizers.Adam())
    own.train_on_batch(INPUTS, CLASSES)
    outside = custom_gradients()
    with network_scope():
        trained(width=16)
    assert custom_gradients() == outside
    own.train_on_batch(INPUTS, CLASSES)


@pytest.mark.slow
def test_network_count_stays_bounded_over_many_scopes(monkeypatch):
    monkeypatch.setattr(memory, "_MOST_TRACES", 12)
    counts = []
    for number in range(6):
        with network_scope():
            trained(width=8 + 2 * number)
        counts.append(len(custom_gradients()))
    assert max(counts) <= 12 + counts[0]
