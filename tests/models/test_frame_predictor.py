import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.losses import FramePredictionLoss
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.arrays import mask_of, network_inputs, normal, output_of
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.training.setup import precision

MELS = 6
HEADS = ("prediction", "log_variance")


def config(residual_width):
    return ModelConfig(residual_width=residual_width, d_model=8, heads=2, feed_forward=11, layers=2, dropout=0.5)


@pytest.fixture(scope="module", params=["model", "input"])
def network(request):
    keras.utils.set_random_seed(0)
    network = FramePredictor(config(request.param), MELS)
    network.backbone.normalization.set_statistics(10 * normal(MELS), 1 + np.abs(normal(MELS, seed=1)))
    return network


@pytest.mark.parametrize(("residual_width", "parameters"), [("model", 1_096_690), ("input", 344_642)])
def test_default_size_has_expected_number_of_parameters(residual_width, parameters):
    network = FramePredictor(ModelConfig(residual_width=residual_width), 80)
    assert network.count_params() == parameters
    fixed = sum(weight.shape[0] for weight in network.non_trainable_weights if "normalization" in weight.path)
    assert fixed == 2 * 80


def test_prediction_is_in_units_of_input(network):
    inputs = network_inputs((5, 3), MELS)
    kernel, bias = network.get_layer("prediction").get_weights()
    hidden = np.asarray(network.backbone(inputs)["h2"])
    mean, std = (np.asarray(weight) for weight in network.backbone.normalization.weights)
    normalised = hidden @ kernel + bias
    np.testing.assert_allclose(network(inputs), normalised * std + mean, atol=1e-4)
    assert np.abs(np.asarray(network(inputs)) - normalised).max() > 1


def test_statistics_shift_input_and_output_alike(network):
    inputs = network_inputs((5, 3), MELS)
    before = np.asarray(network(inputs))
    old = network.backbone.normalization.get_weights()
    shifted = {**inputs, "mel": inputs["mel"] + 3}
    network.backbone.normalization.set_statistics(old[0] + 3, old[1])
    after = np.asarray(network(shifted))
    network.backbone.normalization.set_statistics(*old)
    np.testing.assert_allclose(after, before + 3, atol=1e-4)


def test_step_of_stacked_frames_predicts_as_many_frames():
    stacking = FramePredictor(dataclasses.replace(config("wide"), stacked_frames=3), MELS)
    inputs = network_inputs((8, 4), MELS)
    assert stacking(inputs).shape == (2, 8, MELS)
    kernel, bias = stacking.get_layer("prediction").get_weights()
    frames = (np.asarray(stacking.backbone(inputs)["h2"]) @ kernel + bias).reshape(2, 9, MELS)
    np.testing.assert_allclose(stacking(inputs), frames[:, :8], atol=1e-4)
    assert_causal(output_of(stacking), normal(2, 9, MELS), 6)


@pytest.mark.parametrize("stacked", [1, 3])
def test_output_holds_horizons_then_log_variances(stacked):
    size = dataclasses.replace(config("wide"), stacked_frames=stacked)
    predictor = FramePredictor(size, MELS, num_horizons=2, variance=True)
    predictor.backbone.normalization.set_statistics(10 * normal(MELS), 1 + np.abs(normal(MELS, seed=1)))
    inputs = network_inputs((8, 4), MELS)
    found = np.asarray(predictor(inputs))
    assert found.shape == (2, 8, 4 * MELS)
    hidden = np.asarray(predictor.backbone(inputs)["h2"])
    steps = [hidden @ kernel + bias for kernel, bias in (predictor.get_layer(name).get_weights() for name in HEADS)]
    mean, log_variance = (values.reshape(2, -1, 2 * MELS)[:, :8] for values in steps)
    middle, std = (np.tile(weight, 2) for weight in predictor.backbone.normalization.get_weights())
    np.testing.assert_allclose(found[..., : 2 * MELS], mean * std + middle, atol=1e-4)
    np.testing.assert_allclose(found[..., 2 * MELS :], log_variance, atol=1e-5)  # in units of the mel band's variance
    assert_causal(output_of(predictor), normal(2, 9, MELS), 6)


def test_output_is_causal_and_batch_and_padding_invariant(network):
    assert_causal(output_of(network), normal(2, 9, MELS), 4)
    first = normal(1, 9, MELS), mask_of((5,), 9)
    assert_batch_invariant(output_of(network), first, (normal(2, 9, MELS, seed=1), mask_of((9, 2), 9)), atol=1e-4)
    assert_padding_invariant(output_of(network), normal(2, 9, MELS), 6, per_frame=True, atol=1e-4)


def test_predictor_learns_a_constant_frame():
    keras.utils.set_random_seed(0)
    network = FramePredictor(config("narrow"), MELS)
    inputs = network_inputs((8, 8), MELS)
    target = np.broadcast_to(normal(MELS, seed=2), (2, 8, MELS))
    weight = inputs["mask"].astype(np.float32)
    network.compile(keras.optimizers.Adam(0.05), FramePredictionLoss("l1", np.ones(MELS)), jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    history = network.fit(inputs, target, sample_weight=weight, batch_size=2, epochs=25, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    np.testing.assert_array_equal(network.backbone.normalization.get_weights()[0], 0)


@pytest.mark.parametrize("options", [{"num_horizons": 2}, {"num_horizons": 2, "variance": True}])
def test_bfloat16_does_not_round_predicted_log_mels(options):
    with precision("bfloat16"):
        mixed = FramePredictor(config("wide"), MELS, **options)
    mixed.backbone.normalization.set_statistics(np.full(MELS, -15.0), np.full(MELS, 0.01))
    found = np.asarray(output_of(mixed)(normal(2, 9, MELS)))[..., : 2 * MELS]
    assert found.dtype == np.float32
    assert len(np.unique(found)) > 100  # bfloat16 has nothing between -15.0625 and -15


def test_bfloat16_prediction_is_float32_and_close(network):
    with precision("bfloat16"):
        mixed = FramePredictor(network.backbone.config, MELS)
    assert all(weight.dtype == "float32" for weight in mixed.weights if "seed" not in weight.path)
    mixed.set_weights(network.get_weights())
    mel = normal(2, 9, MELS)
    found, expected = output_of(mixed)(mel), output_of(network)(mel)
    assert found.dtype == "float32"
    assert mixed.backbone.hidden_states["h1"].dtype == "bfloat16"
    assert mixed.backbone.hidden_states["F"].dtype == "float32"
    std = np.asarray(network.backbone.normalization.std)
    np.testing.assert_allclose(np.asarray(found) / std, np.asarray(expected) / std, atol=0.15)
    assert_causal(output_of(mixed), mel, 4, atol=1e-3)
