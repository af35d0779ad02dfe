import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.label_loss_layer import UNKNOWN
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.arrays import network_inputs, normal

MELS = 6
SIZE = ModelConfig(d_model=8, heads=2, feed_forward=11, dropout=0.5)
CLASSES = np.array([1, 0, UNKNOWN])


def inputs():
    return {**network_inputs((9, 9, 4), MELS), "class_index": CLASSES}


@pytest.fixture(scope="module", params=[1, 3], ids=["frames", "stacked"])
def ladder(request):
    keras.utils.set_random_seed(0)
    size = ModelConfig(d_model=8, heads=2, feed_forward=11, dropout=0.5, stacked_frames=request.param)
    ladder = FrameLadder(size, MELS, classes=2, noise=0.3)
    ladder.backbone.normalization.set_statistics(10 * normal(MELS), 1 + np.abs(normal(MELS, seed=1)))
    return ladder


def test_untrained_ladder_outputs_the_mean(ladder):
    found = np.asarray(ladder(inputs()))
    assert found.shape == inputs()["mel"].shape
    mean = np.asarray(ladder.backbone.normalization.mean)
    np.testing.assert_allclose(found, np.broadcast_to(mean, found.shape), rtol=1e-5)


def test_clean_pass_has_no_noise(ladder):
    one, other = (ladder.backbone(network_inputs((9, 9, 4), MELS), training=True)["h2"] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_ladder_has_losses_of_labels_input_and_layers(ladder):
    ladder(inputs(), training=True)
    assert len(ladder.losses) == 1 + 1 + SIZE.layers


def test_ladder_without_noise_and_costs_is_supervised_network():
    """Loss and backbone gradients equal those of a plain classifier on the labelled utterances."""
    tf = pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(0)
    ladder = FrameLadder(SIZE, MELS, classes=2, noise=0.0, costs=(0.0, 0.0, 0.0))
    plain_size = ModelConfig(d_model=8, heads=2, feed_forward=11, dropout=0.0)
    classifier = EmotionClassifier(Backbone(plain_size, MELS, attention="full"), 2)
    classifier.backbone.set_weights(ladder.backbone.get_weights())
    classifier.get_layer("emotion").set_weights(ladder.get_layer("emotion_logits").get_weights())
    labelled = {key: value[:2] for key, value in inputs().items() if key != "class_index"}
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
            CLASSES[:2], classifier(labelled, training=True)
        )
    expected = tape.gradient(loss, classifier.backbone.trainable_variables)
    with tf.GradientTape() as tape:
        ladder(inputs(), training=True)
        total = sum(ladder.losses)
    found = tape.gradient(total, ladder.backbone.trainable_variables)
    assert float(total) == pytest.approx(float(loss), rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_ladder_with_costs_has_nonzero_losses():
    keras.utils.set_random_seed(0)
    ladder = FrameLadder(SIZE, MELS, classes=2, noise=0.0, costs=(1.0, 1.0, 1.0))
    ladder(inputs(), training=True)
    losses = [float(keras.ops.convert_to_numpy(loss)) for loss in ladder.losses]
    assert sum(value > 1e-3 for value in losses) == 2 + SIZE.layers


@pytest.mark.usefixtures("eager")
def test_denoising_losses_train_the_backbone():
    """With equal seeds and noise, only a ladder with denoising costs gets other backbone weights."""

    def trained(*costs):
        keras.utils.set_random_seed(3)
        ladder = FrameLadder(SIZE, MELS, classes=2, noise=0.5, costs=costs)
        ladder.compile(keras.optimizers.Adam(5e-2), jit_compile=False)
        for _ in range(3):  # the decoder starts with weights that pass no gradient on
            ladder.train_on_batch(inputs())
        return np.concatenate([weights.ravel() for weights in ladder.backbone.get_weights()])

    plain = trained(0.0)
    np.testing.assert_allclose(trained(0.0), plain, atol=1e-5)
    for costs in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        assert np.abs(trained(*costs) - plain).max() > 1e-3


@pytest.mark.slow
def test_ladder_learns_to_denoise_and_to_recognise():
    keras.utils.set_random_seed(1)
    size = ModelConfig(d_model=16, heads=2, feed_forward=16, dropout=0.0)
    ladder = FrameLadder(size, MELS, classes=2, noise=0.5)
    generator = np.random.default_rng(0)
    classes = np.arange(16) % 2
    labelled = np.where(np.arange(16) < 12, classes, UNKNOWN)
    pattern = np.where(classes[:, None, None] > 0, 1.0, -1.0) * np.linspace(-1, 1, MELS)
    mel = (pattern + 0.1 * generator.normal(size=(16, 8, MELS))).astype(np.float32)
    given = {"mel": mel, "mask": np.ones((16, 8), bool), "class_index": labelled}
    ladder.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    ladder.optimizer.build(ladder.trainable_variables)
    ladder.fit(given, batch_size=16, epochs=150, verbose=0)
    noise = np.sqrt(2 / np.pi) * 0.5
    assert np.abs(np.asarray(ladder(given)) - mel).mean() < 0.7 * noise
    # The pooled top state also predicts the class of the unlabelled utterances.
    top = (
        np.asarray(ladder.backbone({"mel": mel, "mask": given["mask"]})["h2"]).mean(axis=1)
        @ ladder.get_layer("emotion_logits").get_weights()[0]
    )
    np.testing.assert_array_equal(top.argmax(axis=1), classes)


def test_ladder_and_fop_model_have_equal_backbones():
    ladder = FrameLadder(ModelConfig(), 80, classes=4)
    fop = FramePredictor(ModelConfig(), 80)
    assert ladder.backbone.count_params() == fop.backbone.count_params()
    assert ladder.count_params() < 1.35 * fop.count_params()
