"""Classifiers in the forms in which they are trained: a siamese pair, and with other views."""

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.multi_view_classifier import MultiViewClassifier
from ser_fop.models.baselines.pairwise_contrastive_loss import contrast
from ser_fop.models.baselines.siamese_classifier import SiameseClassifier
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.testing.arrays import network_inputs

MELS = 6
CLASSES = np.array([1, 0, 1])
VIEWS = np.array([[0.5, np.nan], [-1.0, 1.0], [np.nan, np.nan]], np.float32)


def compiled(network, rate=0.0):
    network.compile(
        keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    return network


@pytest.fixture
def classifier():
    keras.utils.set_random_seed(0)
    return EmotionClassifier(Backbone(ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.0), MELS), 2)


@pytest.fixture
def inputs():
    return network_inputs((7, 7, 4), MELS)


FORMS = {
    "siamese": (SiameseClassifier, {"class_index": CLASSES}),
    "multi_view": (MultiViewClassifier, {"dimensional_labels": VIEWS}),
}


@pytest.mark.parametrize("form", FORMS)
def test_gives_the_classifiers_logits_and_trains_its_weights(classifier, inputs, form):
    make, told = FORMS[form]
    network = compiled(make(classifier, weight=0.5), 0.1)
    assert network.classifier is classifier
    np.testing.assert_allclose(network({**inputs, **told}), classifier(inputs), atol=1e-6)
    before = [np.array(weight) for weight in classifier.trainable_weights]
    network.train_on_batch({**inputs, **told}, CLASSES)
    assert all((np.array(now) != then).any() for now, then in zip(classifier.trainable_weights, before, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_without_weight_or_in_validation_it_is_the_plain_classifier(classifier, inputs, form):
    make, told = FORMS[form]
    plain = compiled(classifier).test_on_batch(inputs, CLASSES)
    batch = {**inputs, **told}, CLASSES
    assert compiled(make(classifier, weight=0.0)).train_on_batch(*batch) == pytest.approx(plain, rel=1e-6)
    assert compiled(make(classifier, weight=0.5)).train_on_batch(*batch) > plain + 1e-3
    assert compiled(make(classifier, weight=0.5)).test_on_batch(*batch) == pytest.approx(plain, rel=1e-6)


def test_the_siamese_loss_is_that_of_the_pooled_vectors(classifier, inputs):
    plain = compiled(classifier).test_on_batch(inputs, CLASSES)
    pooled = keras.Model(classifier.inputs, classifier.get_layer("pooling").output).predict_on_batch(inputs)
    network = compiled(SiameseClassifier(classifier, weight=0.7, margin=1.2))
    expected = plain + 0.7 * float(contrast(pooled, CLASSES, margin=1.2))
    assert network.train_on_batch({**inputs, "class_index": CLASSES}, CLASSES) == pytest.approx(expected, rel=1e-5)


def test_the_views_head_is_trained_at_the_top_and_left_behind(classifier, inputs):
    network = MultiViewClassifier(classifier)
    groups = network.layer_groups()
    assert network.head in groups[0]
    assert network.head not in classifier.layer_groups()[0]
    assert groups[1:] == classifier.layer_groups()[1:]
    assert network.count_params() > classifier.count_params()


def test_views_are_learned_where_they_are_known(classifier):
    """Arousal follows the level of the frames: the vector that answers comes to tell it, though half are unknown."""
    generator = np.random.default_rng(0)
    level = generator.normal(size=64).astype(np.float32)
    mel = (level[:, None, None] + 0.1 * generator.normal(size=(64, 5, MELS))).astype(np.float32)
    inputs = {"mel": mel, "mask": np.ones((64, 5), bool)}
    dimensional_labels = np.stack([np.where(np.arange(64) % 2, level, np.nan), np.full(64, np.nan)], axis=1).astype(
        np.float32
    )
    network = MultiViewClassifier(classifier, weight=1.0)
    network.compile(
        keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )

    def told() -> float:
        pooled = keras.Model(classifier.inputs, classifier.get_layer("pooling").output).predict_on_batch(inputs)
        predicted = np.asarray(network.head(pooled))[:, 0]
        return float(np.corrcoef(predicted, level)[0, 1])

    before = told()
    for _ in range(60):
        network.train_on_batch({**inputs, "dimensional_labels": dimensional_labels}, np.zeros(64, np.int64))
    assert told() > max(0.9, before)
