import keras
import numpy as np
import pytest

from ser_fop.config.feature_names import check_feature, feature_names
from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.testing.arrays import network_inputs, normal
from ser_fop.testing.assertions import assert_causal, assert_padding_invariant

MELS = 6


def config(residual_width, layers=2):
    return ModelConfig(residual_width=residual_width, d_model=8, heads=2, feed_forward=11, layers=layers, dropout=0.5)


@pytest.fixture(scope="module", params=["model", "input"])
def backbone(request):
    keras.utils.set_random_seed(0)
    return Backbone(config(request.param), MELS)


@pytest.fixture(scope="module")
def extractor(backbone):
    return keras.Model(backbone.inputs_by_name(), hypercolumns(backbone))


@pytest.fixture(scope="module")
def outputs(backbone, extractor):
    """Return the features and the hidden states of the same frames."""
    inputs = network_inputs((5, 3), MELS)
    arrays = [{name: np.asarray(value) for name, value in model(inputs).items()} for model in (extractor, backbone)]
    return arrays[0], arrays[1]


def test_feature_names_follow_number_of_layers():
    assert feature_names(config("wide")) == ("F", "h1", "h2", "h_add", "h_concat")
    assert feature_names(config("wide", layers=1)) == ("F", "h1", "h_add", "h_concat")


def test_features_have_names_and_equal_hidden_states(backbone, outputs):
    features, states = outputs
    assert tuple(features) == feature_names(backbone.config)
    for name in ("F", "h1", "h2"):
        np.testing.assert_array_equal(features[name], states[name])


def test_feature_widths_follow_residual_width(backbone, outputs):
    width = 8 if backbone.config.residual_width == "model" else MELS
    widths = {name: array.shape[-1] for name, array in outputs[0].items()}
    assert widths == {"F": MELS, "h1": width, "h2": width, "h_add": width, "h_concat": MELS + 2 * width}


def test_h_add_follows_equation_7(backbone, outputs):
    """h_add is F plus all hidden states; with `residual_width` `model`, the embedding replaces F."""
    features, states = outputs
    base = states["F"] if backbone.config.residual_width == "input" else states["embedding"]
    np.testing.assert_allclose(features["h_add"], base + states["h1"] + states["h2"], atol=1e-6)
    if backbone.config.residual_width == "input":
        assert np.abs(features["h_add"] - states["embedding"] - states["h1"] - states["h2"]).max() > 0.1


def test_h_concat_follows_equation_8(outputs):
    features, states = outputs
    expected = np.concatenate([states["F"], states["h1"], states["h2"]], axis=-1)
    np.testing.assert_array_equal(features["h_concat"], expected)


@pytest.mark.parametrize("name", ["h_add", "h_concat"])
def test_h_add_and_h_concat_are_causal_and_padding_invariant(extractor, name):
    def call(mel, mask=None):
        mask = np.ones(mel.shape[:2], bool) if mask is None else mask
        return extractor({"mel": mel, "mask": mask}, training=False)[name]

    assert_causal(call, normal(2, 9, MELS), 4)
    assert_padding_invariant(call, normal(2, 9, MELS), 6, per_frame=True)


def test_hypercolumns_add_no_weights(backbone, extractor):
    assert {id(weight) for weight in extractor.weights} == {id(weight) for weight in backbone.weights}


def test_unknown_feature_error_suggests_closest_name():
    names = feature_names(config("wide"))
    assert check_feature("h_add", names) == "h_add"
    with pytest.raises(
        InputError, match=r"unknown feature 'h_concatt'.*F, h1, h2, h_add, h_concat\..*Did you mean 'h_concat'\?"
    ):
        check_feature("h_concatt", names)
    with pytest.raises(InputError, match="unknown feature 'h3'"):
        check_feature("h3", names)
