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


def test_gives_back_as_many_frames_and_the_mean_at_first(ladder):
    found = np.asarray(ladder(inputs()))
    assert found.shape == inputs()["mel"].shape
    mean = np.asarray(ladder.backbone.normalization.mean)
    np.testing.assert_allclose(found, np.broadcast_to(mean, found.shape), rtol=1e-5)


def test_noise_is_on_one_way_alone(ladder):
    one, other = (ladder.backbone(network_inputs((9, 9, 4), MELS), training=True)["h2"] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_cost_for_the_labels_and_one_for_each_layer(ladder):
    ladder(inputs(), training=True)
    assert len(ladder.losses) == 1 + 1 + SIZE.layers


def test_without_noise_and_denoising_costs_it_is_the_supervised_network():
    """Loss and gradients of the backbone are the plain classifier's, on what is labelled."""
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


def test_with_denoising_costs_it_is_not():
    keras.utils.set_random_seed(0)
    ladder = FrameLadder(SIZE, MELS, classes=2, noise=0.0, costs=(1.0, 1.0, 1.0))
    ladder(inputs(), training=True)
    by_weight = [float(keras.ops.convert_to_numpy(loss)) for loss in ladder.losses]
    assert sum(value > 1e-3 for value in by_weight) == 2 + SIZE.layers


def test_what_denoising_costs_reaches_the_backbone():
    """Trained alike, to the same noise, a ladder with denoising costs becomes another; one without, the same again."""

    def trained(*costs):
        keras.utils.set_random_seed(3)
        ladder = FrameLadder(SIZE, MELS, classes=2, noise=0.5, costs=costs)
        ladder.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
        ladder.fit(inputs(), batch_size=3, epochs=20, verbose=0)
        return np.concatenate([weights.ravel() for weights in ladder.backbone.get_weights()])

    plain = trained(0.0)
    np.testing.assert_allclose(trained(0.0), plain, atol=1e-5)
    for costs in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
        assert np.abs(trained(*costs) - plain).max() > 1e-3


def test_learns_to_take_noise_away_and_to_recognise():
    keras.utils.set_random_seed(1)
    size = ModelConfig(d_model=16, heads=2, feed_forward=16, dropout=0.0)
    ladder = FrameLadder(size, MELS, classes=2, noise=0.5)
    generator = np.random.default_rng(0)
    classes = np.arange(16) % 2
    told = np.where(np.arange(16) < 12, classes, UNKNOWN)
    pattern = np.where(classes[:, None, None] > 0, 1.0, -1.0) * np.linspace(-1, 1, MELS)
    mel = (pattern + 0.1 * generator.normal(size=(16, 8, MELS))).astype(np.float32)
    given = {"mel": mel, "mask": np.ones((16, 8), bool), "class_index": told}
    ladder.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    ladder.fit(given, batch_size=16, epochs=150, verbose=0)
    noise = np.sqrt(2 / np.pi) * 0.5
    assert np.abs(np.asarray(ladder(given)) - mel).mean() < 0.7 * noise
    # What it was not told, it tells from the pooled top state.
    top = (
        np.asarray(ladder.backbone({"mel": mel, "mask": given["mask"]})["h2"]).mean(axis=1)
        @ ladder.get_layer("emotion_logits").get_weights()[0]
    )
    np.testing.assert_array_equal(top.argmax(axis=1), classes)


def test_the_encoder_is_of_like_size():
    ladder = FrameLadder(ModelConfig(), 80, classes=4)
    fop = FramePredictor(ModelConfig(), 80)
    assert ladder.backbone.count_params() == fop.backbone.count_params()
    assert ladder.count_params() < 1.35 * fop.count_params()
