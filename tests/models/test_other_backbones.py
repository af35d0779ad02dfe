"""The CNN and LSTM backbones have the same properties as the transformer."""

import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.feature_names import feature_names
from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.testing.arrays import mask_of, network_inputs, normal, output_of
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.training.setup import precision

MELS = 6
KINDS = ("transformer", "cnn", "lstm")
TINY = ModelConfig(d_model=8, heads=2, feed_forward=16, kernel=3, layers=2, dropout=0.5)


def sized(kind, **changes):
    return dataclasses.replace(TINY, backbone=kind, **changes)


@pytest.fixture(scope="module", params=[(kind, stacked) for kind in KINDS[1:] for stacked in (1, 3)], ids=str)
def network(request):
    keras.utils.set_random_seed(0)
    kind, stacked = request.param
    return FramePredictor(sized(kind, stacked_frames=stacked), MELS)


def test_output_is_causal_and_batch_and_padding_invariant(network):
    whole = 3 * network.backbone.config.stacked_frames
    assert_causal(output_of(network), normal(2, 12, MELS), whole)
    first = normal(1, 9, MELS), mask_of((6,), 9)
    assert_batch_invariant(output_of(network), first, (normal(2, 9, MELS, seed=1), mask_of((9, 3), 9)), atol=1e-4)
    assert_padding_invariant(output_of(network), normal(2, 9, MELS), 6, per_frame=True, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_causality_check_detects_time_reversed_layers(kind):
    """The same layers, applied to reversed time, must fail the check."""
    network = Backbone(sized(kind), MELS)

    def backwards(mel, mask=None):
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return np.asarray(network({"mel": mel[:, ::-1], "mask": mask}, training=False)["h2"])[:, ::-1]

    with pytest.raises(AssertionError):
        assert_causal(backwards, normal(2, 12, MELS), 6)


def test_output_depends_on_past_frames(network):
    """A constant network would pass the causality check too."""
    mel = normal(1, 12, MELS)
    other = mel.copy()
    other[:, 0] += 1
    before, after = (np.asarray(output_of(network)(one)) for one in (mel, other))
    size = network.backbone.config.stacked_frames
    assert np.abs(before - after)[:, : 3 * size].max(axis=(0, 2)).min() > 1e-6


def test_default_backbones_have_similar_size():
    counts = {kind: Backbone(ModelConfig(backbone=kind), 80).count_params() for kind in KINDS}
    assert max(counts.values()) / min(counts.values()) < 1.01


@pytest.mark.parametrize("kind", KINDS)
def test_features_have_same_names_and_widths(kind):
    backbone = Backbone(sized(kind), MELS)
    found = hypercolumns(backbone)
    assert tuple(found) == feature_names(backbone.config)
    assert {name: value.shape[-1] for name, value in found.items()} == {
        "F": 6,
        "h1": 8,
        "h2": 8,
        "h_add": 8,
        "h_concat": 22,
    }


def test_receptive_field_of_cnn_grows_with_layers():
    """With kernel 3 and two layers, a frame affects itself and the next 2 + 2 x 3 frames only."""
    network = Backbone(sized("cnn", layers=2), MELS)
    mel = normal(1, 20, MELS)
    other = mel.copy()
    other[:, 4] += 1
    before, after = (np.asarray(output_of(network)(one)["h2"]) for one in (mel, other))
    changed = np.flatnonzero(np.abs(before - after).max(axis=(0, 2)) > 1e-6)
    assert changed.tolist() == list(range(4, 4 + 2 + 2 * 3 + 1))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_bfloat16_output_is_close_to_float32(kind):
    network = FramePredictor(sized(kind), MELS)
    with precision("bfloat16"):
        mixed = FramePredictor(sized(kind), MELS)
    mixed.set_weights(network.get_weights())
    mel = normal(2, 9, MELS)
    np.testing.assert_allclose(output_of(mixed)(mel), output_of(network)(mel), atol=0.15)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_training_reduces_loss(kind):
    keras.utils.set_random_seed(0)
    network = FramePredictor(dataclasses.replace(sized(kind), dropout=0.0), MELS)
    inputs = network_inputs((8, 8), MELS)
    network.compile(keras.optimizers.Adam(0.05), "mae", jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    history = network.fit(inputs, 0.5 * inputs["mel"], batch_size=2, epochs=30, verbose=0).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_backbone_rejects_transformer_only_settings(kind):
    with pytest.raises(
        InputError, match=f"backbone {kind} expected attention causal, received full: it uses past frames only"
    ):
        Backbone(sized(kind), MELS, attention="full")
    with pytest.raises(InputError, match=f"residual_width expected 'model' with backbone {kind}, received 'input'"):
        Backbone(sized(kind, residual_width="input"), MELS)
    with pytest.raises(InputError, match=f"layer_norm expected 'post' with backbone {kind}, received 'pre'"):
        Backbone(sized(kind, layer_norm="pre"), MELS)
