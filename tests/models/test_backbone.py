import keras
import numpy as np
import pytest
from keras import ops

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.layers.causal_self_attention import CausalSelfAttention
from ser_fop.models.backbone import Backbone, check_model, hidden_width
from ser_fop.testing.arrays import mask_of, network_inputs, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant

MELS = 6
STATES = ("F", "embedding", "h1", "h2")


def config(residual_width, **changes):
    sizes = {"d_model": 8, "heads": 2, "feed_forward": 11, "layers": 2, "dropout": 0.5}
    return ModelConfig(residual_width=residual_width, **{**sizes, **changes})


def state_of(backbone, name):
    """Return a function that maps log-mels and mask to one hidden state."""

    def call(mel, mask=None):
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return backbone({"mel": mel, "mask": mask}, training=False)[name]

    return call


@pytest.fixture(scope="module", params=["model", "input"])
def backbone(request):
    keras.utils.set_random_seed(0)
    backbone = Backbone(config(request.param), MELS)
    backbone.normalization.set_statistics(normal(MELS), 1 + np.abs(normal(MELS, seed=1)))
    return backbone


def test_hidden_states_have_names_and_widths(backbone):
    states = backbone(network_inputs((5, 3), MELS))
    width = 8 if backbone.config.residual_width == "model" else MELS
    assert hidden_width(backbone.config, MELS) == width
    assert {name: state.shape for name, state in states.items()} == {
        "F": (2, 5, MELS),
        "embedding": (2, 5, width),
        "h1": (2, 5, width),
        "h2": (2, 5, width),
    }
    assert tuple(backbone.hidden_states) == STATES
    assert backbone.last is backbone.hidden_states["h2"]


def test_number_of_hidden_states_follows_config():
    states = Backbone(config("wide", layers=3), MELS).hidden_states
    assert tuple(states) == ("F", "embedding", "h1", "h2", "h3")


def test_pre_norm_normalises_last_layer_only():
    keras.utils.set_random_seed(0)
    states = Backbone(config("wide", layer_norm="pre"), MELS)(network_inputs((5, 3), MELS))
    means = {name: np.abs(np.asarray(states[name]).mean(axis=-1)).max() for name in ("h1", "h2")}
    assert means["h1"] > 1e-2
    assert means["h2"] < 1e-5


@pytest.mark.parametrize("name", STATES)
def test_pre_norm_states_are_causal(name):
    assert_causal(state_of(Backbone(config("wide", layer_norm="pre"), MELS), name), normal(2, 9, MELS), 4)


def test_f_is_normalised_log_mel_and_embedding_its_projection(backbone):
    inputs = network_inputs((5, 3), MELS)
    states = backbone(inputs)
    mean, std = (np.asarray(weight) for weight in backbone.normalization.weights)
    np.testing.assert_allclose(states["F"], (inputs["mel"] - mean) / std, atol=1e-5)
    kernel, bias = backbone.get_layer("feature_embedding").get_weights()
    np.testing.assert_allclose(states["embedding"], np.asarray(states["F"]) @ kernel + bias, atol=1e-5)


def test_first_layer_reads_embedding_with_positions(backbone):
    states = backbone(network_inputs((5, 3), MELS))
    hidden = backbone.get_layer("positions")(states["embedding"])
    np.testing.assert_allclose(states["h1"], backbone.get_layer("attention_layer_1")(hidden), atol=1e-5)
    np.testing.assert_allclose(states["h2"], backbone.get_layer("attention_layer_2")(states["h1"]), atol=1e-5)


@pytest.mark.parametrize("name", STATES)
def test_states_are_causal(backbone, name):
    assert_causal(state_of(backbone, name), normal(2, 9, MELS), 4)


@pytest.mark.parametrize("name", STATES)
def test_states_are_batch_invariant(backbone, name):
    first = normal(1, 9, MELS), mask_of((5,), 9)
    second = normal(2, 9, MELS, seed=1), mask_of((9, 2), 9)
    assert_batch_invariant(state_of(backbone, name), first, second)


@pytest.mark.parametrize("name", STATES)
def test_states_are_padding_invariant(backbone, name):
    assert_padding_invariant(state_of(backbone, name), normal(2, 9, MELS), 6, per_frame=True)


@pytest.fixture(scope="module", params=["model", "input"])
def stacking(request):
    keras.utils.set_random_seed(0)
    return Backbone(config(request.param, stacked_frames=3), MELS)


def test_stacked_frames_form_one_step(stacking):
    inputs = network_inputs((8, 4), MELS)
    states = stacking(inputs)
    width = 8 if stacking.config.residual_width == "model" else 3 * MELS
    assert hidden_width(stacking.config, MELS) == width
    assert states["F"].shape == (2, 3, 3 * MELS)
    assert {states[name].shape for name in ("embedding", "h1", "h2")} == {(2, 3, width)}
    np.testing.assert_array_equal(stacking.step_mask(inputs["mask"]), [[True] * 3, [True, True, False]])


@pytest.mark.parametrize("name", STATES)
def test_stacked_states_are_step_causal_and_padding_invariant(stacking, name):
    def by_frame(mel):
        return np.repeat(state_of(stacking, name)(mel), 3, axis=1)

    assert_causal(by_frame, normal(2, 9, MELS), 6)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(by_frame, normal(2, 9, MELS), 5)
    inputs = network_inputs((9, 4), MELS)
    junk = np.where(inputs["mask"][..., None], inputs["mel"], 77.0)
    steps = np.asarray(stacking.step_mask(inputs["mask"]))
    found, other = (np.asarray(stacking({**inputs, "mel": mel})[name]) for mel in (inputs["mel"], junk))
    np.testing.assert_allclose(found[steps], other[steps], atol=1e-5)


def test_full_attention_uses_future_steps_but_no_padding(backbone):
    full = Backbone(backbone.config, MELS, attention="full")
    full.set_weights(backbone.get_weights())
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(state_of(full, "h1"), normal(2, 9, MELS), 4)
    assert_padding_invariant(state_of(full, "h2"), normal(2, 9, MELS), 6, per_frame=True)
    mel = normal(2, 9, MELS)
    last = [np.asarray(state_of(one, "h1")(mel))[:, -1] for one in (full, backbone)]
    np.testing.assert_allclose(*last, atol=1e-5)


def test_checks_detect_dropout_in_training(backbone):
    def training(mel):
        return backbone({"mel": mel, "mask": np.ones(mel.shape[:2], bool)}, training=True)["h2"]

    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(training, normal(2, 9, MELS), 4)
    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(training, normal(1, 9, MELS), normal(1, 9, MELS, seed=1))


def test_checks_detect_attention_without_mask(backbone, monkeypatch):
    def unmasked(self, inputs):
        shape = (-1, ops.shape(inputs)[1], 3 * self.heads, self.width // self.heads)
        query, key, value = ops.split(ops.reshape(self.project_in(inputs), shape), 3, axis=2)
        attended = ops.dot_product_attention(query, key, value)
        return self.project_out(ops.reshape(attended, (*inputs.shape[:2], self.width)))

    monkeypatch.setattr(CausalSelfAttention, "call", unmasked)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(state_of(backbone, "h1"), normal(2, 9, MELS), 4)
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(state_of(backbone, "h1"), normal(2, 9, MELS), 6, per_frame=True)


def test_causal_states_do_not_depend_on_mask(backbone):
    inputs = network_inputs((5, 3), MELS)
    other = {**inputs, "mask": ~inputs["mask"]}
    for name in STATES:
        np.testing.assert_array_equal(backbone(inputs)[name], backbone(other)[name])


def test_hidden_state_is_output_of_feature_extractor(backbone):
    inputs = network_inputs((5, 3), MELS)
    extractor = keras.Model(backbone.inputs_by_name(), backbone.hidden_states["h1"])
    np.testing.assert_allclose(extractor.predict_on_batch(inputs), backbone(inputs)["h1"], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 3}, r"model\.d_model 8 must be a multiple of model\.heads 3"),
        ({"d_model": 0}, r"model\.d_model expected 1 or more, received 0"),
        ({"layers": 0}, "1 or more, received 0"),
        ({"feed_forward": 0}, "1 or more, received 0"),
        ({"dropout": 1.0}, "0 to 1 .* received 1"),
        ({"dropout": -0.1}, "0 to 1 .* received -0.1"),
        ({"stacked_frames": 0}, "stacked_frames expected 1 or more, received 0"),
    ],
)
def test_check_model_rejects_impossible_sizes(changes, message):
    with pytest.raises(InputError, match=message):
        check_model(config("wide", **changes))


def test_check_model_rejects_zero_heads():
    with pytest.raises(InputError, match="heads expected 1 or more"):
        check_model(config("wide", heads=0))


def test_check_model_returns_valid_config():
    assert check_model(config("narrow")) == config("narrow")
