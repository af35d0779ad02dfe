"""Classifiers with additional training losses: siamese, and multi-view (dimensional labels)."""

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
DIMENSIONAL_LABELS = np.array([[0.5, np.nan], [-1.0, 1.0], [np.nan, np.nan]], np.float32)


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
    "multi_view": (MultiViewClassifier, {"dimensional_labels": DIMENSIONAL_LABELS}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("eager")
def test_form_has_classifier_logits_and_trains_its_weights(classifier, inputs, form):
    make, extra_inputs = FORMS[form]
    network = compiled(make(classifier, weight=0.5), 0.1)
    assert network.classifier is classifier
    np.testing.assert_allclose(network({**inputs, **extra_inputs}), classifier(inputs), atol=1e-6)
    before = [np.array(weight) for weight in classifier.trainable_weights]
    network.train_on_batch({**inputs, **extra_inputs}, CLASSES)
    assert all((np.array(new) != old).any() for new, old in zip(classifier.trainable_weights, before, strict=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("eager")
def test_zero_weight_or_validation_gives_plain_loss(classifier, inputs, form):
    make, extra_inputs = FORMS[form]
    plain = compiled(classifier).test_on_batch(inputs, CLASSES)
    batch = {**inputs, **extra_inputs}, CLASSES
    assert compiled(make(classifier, weight=0.0)).train_on_batch(*batch) == pytest.approx(plain, rel=1e-6)
    assert compiled(make(classifier, weight=0.5)).train_on_batch(*batch) > plain + 1e-3
    assert compiled(make(classifier, weight=0.5)).test_on_batch(*batch) == pytest.approx(plain, rel=1e-6)


@pytest.mark.usefixtures("eager")
def test_siamese_loss_is_computed_on_pooled_vectors(classifier, inputs):
    plain = compiled(classifier).test_on_batch(inputs, CLASSES)
    pooled = keras.Model(classifier.inputs, classifier.get_layer("pooling").output).predict_on_batch(inputs)
    network = compiled(SiameseClassifier(classifier, weight=0.7, margin=1.2))
    expected = plain + 0.7 * float(contrast(pooled, CLASSES, margin=1.2))
    assert network.train_on_batch({**inputs, "class_index": CLASSES}, CLASSES) == pytest.approx(expected, rel=1e-5)


def test_multi_view_head_is_in_top_group_only(classifier, inputs):
    network = MultiViewClassifier(classifier)
    groups = network.layer_groups()
    assert network.head in groups[0]
    assert network.head not in classifier.layer_groups()[0]
    assert groups[1:] == classifier.layer_groups()[1:]
    assert network.count_params() > classifier.count_params()


@pytest.mark.slow
def test_multi_view_learns_arousal_with_half_the_labels(classifier):
    """Arousal is the level of the frames, and half of the labels are unknown."""
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

    def correlation() -> float:
        pooled = keras.Model(classifier.inputs, classifier.get_layer("pooling").output).predict_on_batch(inputs)
        predicted = np.asarray(network.head(pooled))[:, 0]
        return float(np.corrcoef(predicted, level)[0, 1])

    network.optimizer.build(network.trainable_variables)
    before = correlation()
    for _ in range(60):
        network.train_on_batch({**inputs, "dimensional_labels": dimensional_labels}, np.zeros(64, np.int64))
    assert correlation() > max(0.9, before)
