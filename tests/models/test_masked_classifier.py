import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.masked_classifier import MaskedClassifier
from ser_fop.testing.arrays import network_inputs

MELS, CLASSES = 6, 3
KNOWN = np.array([[1, 1, 1], [1, 0, 1]], np.float32)


@pytest.fixture
def classifier():
    keras.utils.set_random_seed(0)
    return EmotionClassifier(Backbone(ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.0), MELS), CLASSES)


@pytest.fixture
def inputs():
    return {**network_inputs((7, 4), MELS), "known_classes": KNOWN}


def test_softmax_covers_the_known_classes_only(classifier, inputs):
    plain = np.asarray(classifier({name: inputs[name] for name in ("mel", "mask")}))
    masked = np.asarray(keras.ops.softmax(MaskedClassifier(classifier)(inputs)))
    np.testing.assert_allclose(masked[0], np.asarray(keras.ops.softmax(plain[0])), rtol=1e-5)
    exponents = np.exp(plain[1]) * KNOWN[1]
    np.testing.assert_allclose(masked[1], exponents / exponents.sum(), rtol=1e-5)


@pytest.mark.parametrize(("known", "moves"), [(KNOWN[1], False), (np.ones(3), True)])
def test_class_that_a_corpus_lacks_is_not_trained(classifier, inputs, known, moves):
    network = MaskedClassifier(classifier)
    network.compile(
        keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    before = classifier.get_layer("emotion").kernel.numpy()
    known = np.tile(known, (2, 1)).astype(np.float32)
    network.train_on_batch({**inputs, "known_classes": known}, np.array([0, 2]))
    after = classifier.get_layer("emotion").kernel.numpy()
    assert np.isfinite(after).all()
    assert (np.abs(after - before)[:, 1].max() > 1e-6) == moves
    assert np.abs(after - before)[:, 0].max() > 1e-6
