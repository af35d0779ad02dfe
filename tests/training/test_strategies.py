import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import FinetuningSettings, ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.training.classification import compile_classifier
from ser_fop.training.strategies import callbacks_of, check_strategy, freeze, optimizer_of

MELS, LAYERS = 4, 2
DEPTHS = ("feature_embedding", "attention_layer_1", "attention_layer_2", "emotion")
GENERATOR = np.random.default_rng(0)
INPUTS = {"mel": GENERATOR.normal(size=(6, 9, MELS)).astype(np.float32), "mask": np.ones((6, 9), bool)}
CLASSES = np.arange(6) % 2

pytestmark = pytest.mark.usefixtures("eager")


def compiled(settings, rate=0.01):
    keras.utils.set_random_seed(0)
    config = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=LAYERS, dropout=0.0)
    network = EmotionClassifier(Backbone(config, MELS, name="backbone"), 2)
    freeze(network, check_strategy(settings, layers=LAYERS))
    compile_classifier(network, optimizer=optimizer_of(network, settings, rate))
    return network


def weights_by_depth(network):
    layers = {layer.name: layer for layer in (*network.backbone.layers, *network.layers)}
    return {name: [np.array(weight) for weight in layers[name].weights] for name in DEPTHS}


def largest_changes(settings, epochs=1):
    """Return the largest change of a weight at each depth, for each epoch of one step."""
    network = compiled(settings)
    before = weights_by_depth(network)
    changes = []
    callbacks = callbacks_of(network, settings)
    for epoch in range(epochs):
        for callback in callbacks:
            callback.on_epoch_begin(epoch)
        network.train_on_batch(INPUTS, CLASSES)
        after = weights_by_depth(network)
        changes.append(
            {
                name: max(
                    float(np.abs(one - other).max()) for one, other in zip(after[name], before[name], strict=True)
                )
                for name in DEPTHS
            }
        )
        before = after
    return changes


def changed_depths(changes):
    return [name for name in DEPTHS if changes[name] > 1e-6]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (FinetuningSettings(strategy="whole"), DEPTHS),
        (FinetuningSettings(strategy="head"), DEPTHS[-1:]),
        (FinetuningSettings(strategy="last_layers", last_layers=1), DEPTHS[-2:]),
        (FinetuningSettings(strategy="last_layers", last_layers=2), DEPTHS[-3:]),
    ],
)
def test_strategy_trains_only_its_layers(settings, expected):
    assert changed_depths(largest_changes(settings)[0]) == list(expected)


def test_gradual_unfreezing_adds_one_depth_per_epoch():
    found = largest_changes(FinetuningSettings(strategy="gradual"), epochs=5)
    assert [changed_depths(changes) for changes in found] == [list(DEPTHS[-depth:]) for depth in (1, 2, 3, 4, 4)]


def test_layer_rate_decay_lowers_rate_of_each_lower_depth():
    found = largest_changes(FinetuningSettings(layer_rate_decay=2.0))[0]
    assert [found[name] for name in reversed(DEPTHS)] == pytest.approx([0.01, 0.005, 0.0025, 0.00125], rel=0.01)


def test_gradual_unfreezing_keeps_layer_rate_decay():
    found = largest_changes(FinetuningSettings(strategy="gradual", layer_rate_decay=2.0), epochs=2)[1]
    assert found["attention_layer_2"] == pytest.approx(0.5 * found["emotion"], rel=0.5)


def test_optimizer_without_decay_or_unfreezing_is_adam():
    assert type(compiled(FinetuningSettings()).optimizer) is keras.optimizers.Adam


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "last_layers", "last_layers": 3}, "last_layers expected 1 to 2, received 3"),
        ({"strategy": "last_layers", "last_layers": 0}, "last_layers expected 1 to 2"),
        ({"layer_rate_decay": 0.5}, "layer_rate_decay expected 1 or more"),
        ({"warmup_share": 1.0}, "warmup_share expected"),
        ({"focal_gamma": -1.0}, "focal_gamma expected"),
        ({"epochs": 0}, "epochs expected at least 1"),
        ({"train_on_validation": True}, "keep `last` and one learning rate, received keep `loss` and 1"),
        ({"train_on_validation": True, "keep": "last", "learning_rates": (1e-3, 1e-4)}, "received keep `last` and 2"),
    ],
)
def test_check_strategy_rejects_invalid_settings(changes, message):
    with pytest.raises(InputError, match=message):
        check_strategy(dataclasses.replace(FinetuningSettings(), **changes), layers=LAYERS)
