import json

import keras
import numpy as np
import pytest

from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.network_spec import SPEC, NetworkSpec, read_spec
from ser_fop.models.saving import WEIGHTS, build_network, load_native, save_network
from ser_fop.testing.arrays import network_inputs

MODEL = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=2)
FEATURES = FeatureConfig(mels=6, high_hz=4000.0)
KINDS = {
    "frame_predictor": {"horizons": (3, 7), "variance": True},
    "contrastive_predictor": {"horizons": (3,)},
    "emotion_classifier": {"labels": ("angry", "happy", "sad")},
    "attention_lstm": {"labels": ("angry", "sad"), "feature": "h_add", "units": 5, "dropout": 0.25},
}


def spec_of(kind, **changes):
    common = {"kind": kind, "features": FEATURES, "model": MODEL, "seen_speakers": ("ravdess:Actor_01",)}
    return NetworkSpec(**{**common, **KINDS.get(kind, {}), **changes})


@pytest.mark.parametrize("residual_width", ["model", "input"])
@pytest.mark.parametrize("kind", KINDS)
def test_saved_network_is_loaded_unchanged(tmp_path, kind, residual_width):
    keras.utils.set_random_seed(1)
    spec = spec_of(
        kind, model=ModelConfig(residual_width=residual_width, d_model=8, heads=2, feed_forward=11, layers=2)
    )
    network = build_network(spec)
    network.backbone.normalization.set_statistics(np.arange(6), 1 + np.arange(6))
    written = save_network(network, spec, tmp_path / "network")
    keras.utils.set_random_seed(2)
    again, found = load_native(tmp_path / "network")
    assert found == spec
    assert type(again) is type(network)
    assert sorted(written) == sorted((tmp_path / "network").iterdir())
    for before, after in zip(network.weights, again.weights, strict=True):
        assert before.path == after.path
        np.testing.assert_array_equal(after, before)
    inputs = network_inputs((7, 4), 6)
    if kind == "contrastive_predictor":
        inputs["later"] = inputs["mel"] + 1
    np.testing.assert_array_equal(again(inputs), network(inputs))


def test_new_weights_depend_on_seed_only():
    outputs = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        outputs.append(np.asarray(build_network(spec_of("frame_predictor"))(network_inputs((7, 4), 6))))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.abs(outputs[0] - outputs[2]).max() > 0.01


@pytest.mark.usefixtures("eager")
def test_save_network_omits_optimizer_from_file_only(tmp_path):
    def bytes_of(network, name):
        save_network(network, spec, tmp_path / name)
        return (tmp_path / name / WEIGHTS).stat().st_size

    spec = spec_of("frame_predictor", horizons=(3,), variance=False)
    network = build_network(spec)
    fresh = bytes_of(network, "fresh")
    network.compile(keras.optimizers.Adam(), "mae")
    inputs = network_inputs((7, 4), 6)
    network.fit(inputs, inputs["mel"], verbose=0)
    assert bytes_of(network, "trained") == fresh
    network.save_weights(tmp_path / "with_optimizer.weights.h5")
    assert (tmp_path / "with_optimizer.weights.h5").stat().st_size > 1.2 * fresh
    network.fit(inputs, inputs["mel"], verbose=0)
    assert int(network.optimizer.iterations) == 2


def test_json_config_contains_all_settings(tmp_path):
    spec = spec_of("attention_lstm")
    files = save_network(build_network(spec), spec, tmp_path)
    assert files == [tmp_path / SPEC, tmp_path / WEIGHTS]
    found = json.loads((tmp_path / SPEC).read_text(encoding="utf-8"))
    assert found["kind"] == "attention_lstm"
    assert found["labels"] == ["angry", "sad"]
    assert found["seen_speakers"] == ["ravdess:Actor_01"]
    assert found["features"]["mels"] == 6
    assert found["features"]["high_hz"] == 4000.0
    assert found["model"] == {
        "backbone": "transformer",
        "residual_width": "model",
        "d_model": 8,
        "heads": 2,
        "feed_forward": 11,
        "kernel": 8,
        "layers": 2,
        "dropout": 0.2,
        "layer_norm": "post",
        "stacked_frames": 1,
    }
    assert (found["feature"], found["units"], found["dropout"]) == ("h_add", 5, 0.25)


def test_build_network_rejects_unknown_kind():
    with pytest.raises(InputError, match="unknown kind of network 'transformer'"):
        build_network(spec_of("transformer"))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"kind": "frame_predictor"}',
        '{"kind": "frame_predictor", "features": {"mels": "many"}, "model": {}}',
        '{"kind": "frame_predictor", "features": {}, "model": {"reading": "sideways"}}',
    ],
)
def test_read_spec_rejects_invalid_json(tmp_path, text):
    (tmp_path / SPEC).write_text(text)
    with pytest.raises(InputError, match=rf"{SPEC} does not describe a network of this version"):
        read_spec(tmp_path / SPEC)


def test_load_native_rejects_weights_of_another_size(tmp_path):
    save_network(build_network(spec_of("frame_predictor")), spec_of("frame_predictor"), tmp_path)
    larger = spec_of("frame_predictor", model=ModelConfig(d_model=16, heads=2, feed_forward=11, layers=2))
    (tmp_path / SPEC).write_text(json.dumps({**json.loads((tmp_path / SPEC).read_text()), "model": {"d_model": 16}}))
    assert read_spec(tmp_path / SPEC).model.d_model == larger.model.d_model
    with pytest.raises(ValueError, match="shape"):
        load_native(tmp_path)
