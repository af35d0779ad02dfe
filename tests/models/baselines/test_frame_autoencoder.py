import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.arrays import mask_of, network_inputs, normal, output_of
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant

MELS = 6


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"stacked_frames": 3},
        {"backbone": "lstm"},
    ],
    ids=str,
)
def config(request):
    return ModelConfig(d_model=8, heads=2, feed_forward=11, dropout=0.5, **request.param)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "variational"])
def network(request, config):
    keras.utils.set_random_seed(0)
    network = FrameAutoencoder(config, MELS, code=3, variational=request.param)
    network.backbone.normalization.set_statistics(10 * normal(MELS), 1 + np.abs(normal(MELS, seed=1)))
    return network


def test_output_has_shape_of_input(network):
    inputs = network_inputs((7, 4), MELS)
    assert network(inputs).shape == inputs["mel"].shape


def test_output_is_batch_and_padding_invariant(network):
    # With stacked frames, the last step is padded.
    assert_padding_invariant(output_of(network), normal(2, 6, MELS), 3, per_frame=True, atol=1e-4)
    assert_batch_invariant(output_of(network), normal(1, 6, MELS), normal(2, 6, MELS, seed=1), atol=1e-4)


def test_transformer_uses_future_frames(network):
    if network.backbone.config.backbone == "lstm":
        return
    with pytest.raises(AssertionError):
        assert_causal(output_of(network), normal(2, 12, MELS), 6)


def test_codes_are_sampled_in_training_only(config):
    network = FrameAutoencoder(ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.0), MELS, variational=True)
    inputs = {"mel": normal(2, 6, MELS), "mask": mask_of((6, 4), 6)}
    np.testing.assert_array_equal(network(inputs, training=False), network(inputs, training=False))
    assert np.abs(np.asarray(network(inputs, training=True)) - np.asarray(network(inputs, training=True))).max() > 1e-3
    assert len(network.losses) == 1


def test_autoencoder_and_fop_model_have_similar_size():
    sizes = [FrameAutoencoder(ModelConfig(), 80, variational=drawn).count_params() for drawn in (False, True)]
    assert all(0.95 < size / FramePredictor(ModelConfig(), 80).count_params() < 1.1 for size in sizes)
