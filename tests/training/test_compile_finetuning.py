import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FinetuningSettings, ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.testing.arrays import normal
from ser_fop.training.compile_finetuning import compile_finetuning
from ser_fop.training.reuse import forget

BATCHES = tf.data.Dataset.range(3)
INPUTS = {"mel": normal(4, 5, 3), "mask": np.ones((4, 5), bool)}


@pytest.fixture(autouse=True)
def empty():
    forget()
    yield
    forget()


def compiled(seed=0, rate=0.01, batches=BATCHES, **settings):
    keras.utils.set_random_seed(seed)
    size = ModelConfig(d_model=4, heads=2, feed_forward=5, layers=1)
    network = EmotionClassifier(Backbone(size, 3, name="backbone"), 2, pooling=settings.get("pooling", "mean"))
    options = {"rate": rate, "batches": batches, "more_inputs": ()}
    return compile_finetuning(network, FinetuningSettings(**settings), **options)


def trained(model):
    for _ in range(2):
        model.train_on_batch(INPUTS, np.arange(4) % 2)
    return model.get_weights()


OTHER_DATA = {
    "learning_rates": (0.5, 0.1),
    "augmentation": AugmentationSettings(freq_mask=3),
    "normalisation": "target",
    "batch_size": 2,
    "batch_frames": 100,
    "class_weights": "balanced",
    "epochs": 3,
    "keep": "last",
    "train_on_validation": True,
    "patience": 2,
}
OTHER_STEP = {
    "strategy": "gradual",
    "last_layers": 2,
    "layer_rate_decay": 2.0,
    "schedule": "cosine",
    "warmup_share": 0.5,
    "loss": "focal",
    "focal_gamma": 1.0,
    "contrastive_weight": 0.5,
    "contrastive_margin": 2.0,
    "dimensional_loss_weight": 0.5,
    "attention": "full",
    "finetuning_dropout": 0.5,
    "pooling": "mean_std",
    "precision": "bfloat16",
}


def test_every_setting_is_either_data_or_step():
    assert {*OTHER_DATA, *OTHER_STEP} == {field.name for field in dataclasses.fields(FinetuningSettings)}


@pytest.mark.parametrize("name", OTHER_DATA)
def test_settings_of_the_data_share_a_traced_step(name):
    first = compiled()
    assert compiled(**{name: OTHER_DATA[name]}) is first


@pytest.mark.parametrize("name", OTHER_STEP)
def test_settings_of_the_step_do_not_share_it(name):
    first = compiled()
    assert compiled(**{name: OTHER_STEP[name]}) is not first


def test_length_of_a_slanted_schedule_does_not_share_a_step():
    assert compiled(schedule="slanted", epochs=2) is not compiled(schedule="slanted", epochs=3)
    assert compiled(schedule="slanted") is not compiled(schedule="slanted", batches=BATCHES.take(2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"rate": 0.1}, {"rate": 0.01}),
        pytest.param({"schedule": "cosine", "epochs": 2}, {"schedule": "cosine", "epochs": 3}, marks=pytest.mark.slow),
        ({"schedule": "cosine", "warmup_share": 0.5, "epochs": 9}, {"schedule": "cosine", "warmup_share": 0.5}),
    ],
)
def test_rate_and_length_of_other_schedules_share_a_step(one, other):
    expected = trained(compiled(**other))
    forget()
    first = compiled(**one)
    assert any((a != b).any() for a, b in zip(trained(first), expected, strict=True))
    second = compiled(**other)
    assert second is first
    for a, b in zip(trained(second), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_shared_step_trains_as_a_new_network():
    expected = trained(compiled(seed=1, keep="last"))
    forget()
    first = compiled(seed=0)
    trained(first)
    second = compiled(seed=1, keep="last")
    assert second is first
    for one, other in zip(trained(second), expected, strict=True):
        np.testing.assert_array_equal(one, other)
