import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.backbone import Backbone
from ser_fop.testing.arrays import mask_of, network_inputs, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_padding_invariant

MELS = 6
CONFIG = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=2, dropout=0.5)


def build(feature="h_concat", *, dropout=0.3, units=5):
    keras.utils.set_random_seed(0)
    return AttentionLSTM(
        Backbone(CONFIG, MELS, name="backbone"), 3, feature=feature, units=units, dropout=dropout, name="network"
    )


def compile_network(network):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.05), loss, jit_compile=False)
    return network


@pytest.fixture(scope="module")
def network():
    return build()


@pytest.mark.parametrize(("feature", "width"), [("F", 6), ("h1", 8), ("h2", 8), ("h_add", 8), ("h_concat", 22)])
class TestEveryFeature:
    def test_lstm_reads_feature_of_expected_width(self, feature, width):
        network = build(feature)
        assert network.get_layer("lstm").cell.kernel.shape == (width, 4 * 5)
        assert network(network_inputs((7, 4), MELS)).shape == (2, 3)

    def test_only_layers_above_backbone_are_trainable(self, feature, width):
        trained = {weight.path for weight in build(feature).trainable_weights}
        assert {path.split("/")[0] for path in trained} == {"lstm", "pooling", "emotion"}


@pytest.mark.usefixtures("eager")
def test_training_changes_all_weights_except_backbone():
    network = compile_network(build())
    backbone = network.backbone.get_weights()
    before_training = {weight.path: np.array(weight) for weight in network.trainable_weights}
    for _ in range(2):
        network.train_on_batch(network_inputs((7, 4, 2), MELS), np.array([0, 1, 2]))
    for before, after in zip(backbone, network.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    assert len(before_training) == 6
    for weight in network.trainable_weights:
        assert np.abs(np.asarray(weight) - before_training[weight.path]).max() > 0, f"{weight.path} is unchanged"


def test_backbone_dropout_is_inactive_in_training():
    network = build(dropout=0.0)
    inputs = network_inputs((7, 4), MELS)
    np.testing.assert_array_equal(network(inputs, training=True), network(inputs, training=False))
    with_dropout = build(dropout=0.5)
    outputs = [np.asarray(with_dropout(inputs, training=training)) for training in (True, False)]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-3


def test_keras_overrides_training_of_inner_calls():
    """Shows why `_WithoutDropout` exists: Keras passes the outer `training` on to inner layers."""
    inner = keras.Input((4,))
    noisy = keras.Model(inner, keras.layers.Dropout(0.5)(inner))
    outer = keras.Input((4,))
    network = keras.Model(outer, noisy(outer, training=False))
    assert (np.asarray(network(np.ones((8, 4), np.float32), training=True)) == 0).any()


def test_extractor_shares_weights_with_backbone():
    network = build("h1")
    inputs = network_inputs((7, 4), MELS)
    before = np.asarray(network(inputs))
    network.backbone.set_weights([weight + 0.5 for weight in network.backbone.get_weights()])
    assert np.abs(np.asarray(network(inputs)) - before).max() > 1e-4


@pytest.mark.parametrize("units", [5, 0])
def test_logits_are_batch_and_padding_invariant(units):
    network = build(units=units)
    call = lambda mel, mask: network({"mel": mel, "mask": mask}, training=False)  # noqa: E731
    first = normal(1, 9, MELS), mask_of((5,), 9)
    assert_batch_invariant(call, first, (normal(2, 9, MELS, seed=1), mask_of((9, 2), 9)))
    assert_padding_invariant(call, normal(2, 9, MELS), 6, per_frame=False)


def test_last_lstm_state_depends_on_padding(network):
    lstm = keras.layers.LSTM(5)
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(lambda mel, _: lstm(mel), normal(2, 9, MELS), 6, per_frame=False)


@pytest.mark.usefixtures("eager")
def test_training_raises_no_warning(recwarn):
    network = compile_network(build("F"))
    network.train_on_batch(network_inputs((7, 4), MELS), np.array([0, 1]))
    messages = [str(warning.message) for warning in recwarn]
    assert not [line for line in messages if "mask" in line or "Gradients do not exist" in line]


@pytest.mark.usefixtures("eager")
def test_without_units_attention_pools_the_feature():
    network = compile_network(build(units=0))
    assert {weight.path.split("/")[0] for weight in network.trainable_weights} == {"pooling", "emotion"}
    before = [np.array(weight) for weight in network.trainable_weights]
    for _ in range(2):
        network.train_on_batch(network_inputs((7, 4, 2), MELS), np.array([0, 1, 2]))
    for one, other in zip(before, network.trainable_weights, strict=True):
        assert np.abs(np.asarray(other) - one).max() > 0, f"{other.path} is unchanged"


def test_unknown_feature_error_suggests_closest_name():
    with pytest.raises(InputError, match=r"unknown feature 'h_ad'.*Did you mean 'h_add'\?"):
        build("h_ad")
