"""What holds of the transformer holds of the CNN and the LSTM too."""

import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.models.hypercolumns import feature_names, hypercolumns
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


def test_causal_batch_and_padding_invariant(network):
    whole = 3 * network.backbone.config.stacked_frames
    assert_causal(output_of(network), normal(2, 12, MELS), whole)
    first = normal(1, 9, MELS), mask_of((6,), 9)
    assert_batch_invariant(output_of(network), first, (normal(2, 9, MELS, seed=1), mask_of((9, 3), 9)), atol=1e-4)
    assert_padding_invariant(output_of(network), normal(2, 9, MELS), 6, per_frame=True, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_layer_that_looks_ahead_would_be_seen(kind):
    """The counter-case: the same layers over time turned around."""
    network = Backbone(sized(kind), MELS)

    def backwards(mel, mask=None):
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return np.asarray(network({"mel": mel[:, ::-1], "mask": mask}, training=False)["h2"])[:, ::-1]

    with pytest.raises(AssertionError):
        assert_causal(backwards, normal(2, 12, MELS), 6)


def test_every_output_hears_the_past(network):
    """Causal alone would be a network that hears nothing."""
    mel = normal(1, 12, MELS)
    other = mel.copy()
    other[:, 0] += 1
    before, after = (np.asarray(output_of(network)(one)) for one in (mel, other))
    size = network.backbone.config.stacked_frames
    assert np.abs(before - after)[:, : 3 * size].max(axis=(0, 2)).min() > 1e-6


def test_layers_are_of_like_size():
    counts = {kind: Backbone(ModelConfig(backbone=kind), 80).count_params() for kind in KINDS}
    assert max(counts.values()) / min(counts.values()) < 1.01


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_have_the_same_names_and_widths(kind):
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


def test_a_convolution_sees_further_in_each_layer():
    """Kernel 3: seven frames back after two layers (2 + 2 x 3), nothing before them."""
    network = Backbone(sized("cnn", layers=2), MELS)
    mel = normal(1, 20, MELS)
    other = mel.copy()
    other[:, 4] += 1
    before, after = (np.asarray(output_of(network)(one)["h2"]) for one in (mel, other))
    changed = np.flatnonzero(np.abs(before - after).max(axis=(0, 2)) > 1e-6)
    assert changed.tolist() == list(range(4, 4 + 2 + 2 * 3 + 1))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_in_bfloat16_stays_near_float32(kind):
    network = FramePredictor(sized(kind), MELS)
    with precision("bfloat16"):
        mixed = FramePredictor(sized(kind), MELS)
    mixed.set_weights(network.get_weights())
    mel = normal(2, 9, MELS)
    np.testing.assert_allclose(output_of(mixed)(mel), output_of(network)(mel), atol=0.15)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_learns(kind):
    keras.utils.set_random_seed(0)
    network = FramePredictor(dataclasses.replace(sized(kind), dropout=0.0), MELS)
    inputs = network_inputs((8, 8), MELS)
    network.compile(keras.optimizers.Adam(0.05), "mae", jit_compile=False)
    history = network.fit(inputs, 0.5 * inputs["mel"], batch_size=2, epochs=30, verbose=0).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_is_the_transformers_is_refused(kind):
    with pytest.raises(InputError, match=f"attention `full` is not for a {kind}, which looks back alone"):
        Backbone(sized(kind), MELS, attention="full")
    with pytest.raises(InputError, match=f"'input' is for the transformer alone: a {kind}"):
        Backbone(sized(kind, residual_width="input"), MELS)
    with pytest.raises(InputError, match=f"'pre' is one of the transformer's, not of a {kind}"):
        Backbone(sized(kind, layer_norm="pre"), MELS)
