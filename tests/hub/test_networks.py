import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.config.stages import PretrainConfig
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network, network_digest, network_spec, write_saved_model
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.models.saving import NetworkSpec, build_network, save_network
from ser_fop.testing.arrays import network_inputs
from ser_fop.utils.run_folder import open_stage

MELS = 6
KINDS = {
    "frame_predictor": {"horizons": (2, 5), "variance": True},
    "contrastive_predictor": {"horizons": (2, 5)},
    "emotion_classifier": {"labels": ("angry", "happy", "sad")},
    "attention_lstm": {"labels": ("angry", "sad"), "feature": "h_concat", "units": 5},
}


def write_run(root, kind, *, residual_width="model"):
    """Write a finished run folder; return it and the network in memory."""
    keras.utils.set_random_seed(0)
    model = ModelConfig(residual_width=residual_width, d_model=8, heads=2, feed_forward=11, layers=2)
    spec = NetworkSpec(
        kind=kind, features=FeatureConfig(mels=MELS), model=model, seen_speakers=("toy:anna",), **KINDS[kind]
    )
    network = build_network(spec)
    network.backbone.normalization.set_statistics(np.arange(MELS), 1 + np.arange(MELS))
    stage = open_stage("pretrain", out=root / kind, config=PretrainConfig(records=(), out=root / kind, model=model))
    written = save_network(network, spec, stage.folder / "network")
    write_saved_model(stage.folder)
    return stage.commit(metrics={}, content=written), network, spec


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {kind: write_run(root, kind) for kind in KINDS}


def endpoint(run, name):
    return tf.saved_model.load(str(run / "saved_model")).signatures[name]


def call(signature, inputs):
    outputs = signature(mel=tf.constant(inputs["mel"]), length=tf.constant(inputs["mask"].sum(axis=1), tf.int32))
    return {name: value.numpy() for name, value in outputs.items()}


@pytest.mark.parametrize("kind", KINDS)
class TestLoading:
    @pytest.mark.parametrize("alone", [False, True], ids=["run", "saved_model"])
    def test_weights_differ_by_nothing(self, runs, kind, alone):
        run, network, spec = runs[kind]
        keras.utils.set_random_seed(5)
        found, found_spec = load_network(run / "saved_model" if alone else run)
        assert found_spec == spec
        assert type(found) is type(network)
        for before, after in zip(network.weights, found.weights, strict=True):
            assert before.path == after.path
            np.testing.assert_array_equal(after, before)
        inputs = network_inputs((9, 4), MELS)
        if kind == "contrastive_predictor":
            inputs["later"] = np.concatenate([inputs["mel"], inputs["mel"] + 1], axis=-1)
        np.testing.assert_array_equal(found(inputs), network(inputs))

    def test_spec_without_weights(self, runs, kind):
        run, _, spec = runs[kind]
        assert network_spec(run) == network_spec(run / "saved_model") == spec

    def test_a_saved_model_carried_elsewhere(self, runs, kind, tmp_path):
        run, network, _ = runs[kind]
        moved = tmp_path / "elsewhere"
        for path in (run / "saved_model").rglob("*"):
            if path.is_file():
                (moved / path.relative_to(run / "saved_model")).parent.mkdir(parents=True, exist_ok=True)
                (moved / path.relative_to(run / "saved_model")).write_bytes(path.read_bytes())
        found, _ = load_network(moved)
        np.testing.assert_array_equal(found.get_weights()[-1], network.get_weights()[-1])


@pytest.mark.parametrize("lengths", [(9, 4), (1,), (13, 2, 7)])
class TestEndpoints:
    def test_prediction_of_a_frame_predictor(self, runs, lengths):
        run, network, _ = runs["frame_predictor"]
        inputs = network_inputs(lengths, MELS)
        found = call(endpoint(run, "serving_default"), inputs)
        assert set(found) == {"prediction"}
        np.testing.assert_allclose(found["prediction"], network(inputs), atol=1e-5)

    @pytest.mark.parametrize("kind", ["emotion_classifier", "attention_lstm"])
    def test_probabilities_of_a_classifier(self, runs, lengths, kind):
        run, network, spec = runs[kind]
        inputs = network_inputs(lengths, MELS)
        found = call(endpoint(run, "serving_default"), inputs)
        assert set(found) == {"probabilities"}
        assert found["probabilities"].shape == (len(lengths), len(spec.labels))
        np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(found["probabilities"], keras.ops.softmax(network(inputs)), atol=1e-5)

    @pytest.mark.parametrize("kind", KINDS)
    def test_hidden_states(self, runs, lengths, kind):
        run, network, _ = runs[kind]
        inputs = network_inputs(lengths, MELS)
        expected = keras.Model(network.backbone.inputs_by_name(), hypercolumns(network.backbone))(inputs)
        found = call(endpoint(run, "hidden_states"), inputs)
        assert set(found) == {"F", "h1", "h2", "h_add", "h_concat"}
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-5)


def test_only_the_length_tells_what_is_real(runs):
    """TF Serving pads a batch with the first element, which is not zero."""
    run, _, _ = runs["emotion_classifier"]
    inputs = network_inputs((9, 4), MELS)
    signature = endpoint(run, "serving_default")
    junk = {**inputs, "mel": np.where(inputs["mask"][..., None], inputs["mel"], 77.0).astype(np.float32)}
    np.testing.assert_allclose(
        call(signature, junk)["probabilities"], call(signature, inputs)["probabilities"], atol=1e-6
    )


def test_a_fresh_process_needs_neither_ser_fop_nor_keras(runs, tmp_path):
    run, network, _ = runs["frame_predictor"]
    inputs = network_inputs((9, 4), MELS)
    np.savez(tmp_path / "inputs.npz", mel=inputs["mel"], length=inputs["mask"].sum(axis=1).astype(np.int32))
    code = f"""
import sys
import numpy as np
import tensorflow as tf
arrays = np.load({str(tmp_path / "inputs.npz")!r})
signatures = tf.saved_model.load({str(run / "saved_model")!r}).signatures
arguments = {{name: tf.constant(arrays[name]) for name in ("mel", "length")}}
outputs = dict(signatures["serving_default"](**arguments)) | dict(signatures["hidden_states"](**arguments))
assert not [name for name in sys.modules if name.partition(".")[0] == "ser_fop"]
np.savez({str(tmp_path / "outputs.npz")!r}, **{{name: value.numpy() for name, value in outputs.items()}})
"""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment, capture_output=True)
    with np.load(tmp_path / "outputs.npz") as found:
        np.testing.assert_allclose(found["prediction"], network(inputs), atol=1e-5)
        np.testing.assert_allclose(found["h2"], network.backbone(inputs)["h2"], atol=1e-5)


class TestWhatIsRefused:
    def test_a_foreign_saved_model(self, tmp_path):
        module = tf.Module()
        module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None])])
        tf.saved_model.save(module, str(tmp_path / "foreign"))
        for use in (load_network, network_spec):
            with pytest.raises(InputError, match=r"foreign was not written by ser_fop"):
                use(tmp_path / "foreign")

    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            load_network(tmp_path / "nothing")

    def test_an_unfinished_run(self, tmp_path):
        (tmp_path / "network").mkdir()
        with pytest.raises(InputError, match="is not a finished folder"):
            load_network(tmp_path)

    @pytest.mark.parametrize("use", [load_network, network_spec])
    def test_a_run_without_a_network(self, tmp_path, use):
        config = PretrainConfig(records=(), out=tmp_path / "run")
        stage = open_stage("pretrain", out=tmp_path / "run", config=config)
        run = stage.commit(metrics={}, content=[])
        with pytest.raises(InputError, match="holds no network"):
            use(run)

    def test_a_broken_spec(self, runs, tmp_path):
        run, _, _ = runs["frame_predictor"]
        (tmp_path / "assets").mkdir()
        (tmp_path / "saved_model.pb").write_bytes((run / "saved_model" / "saved_model.pb").read_bytes())
        (tmp_path / "assets" / "network.json").write_text('{"kind": 1}')
        with pytest.raises(InputError, match="does not describe a network"):
            load_network(tmp_path)


def test_digests_tell_networks_apart(runs):
    digests = [network_digest(run) for run, _, _ in runs.values()]
    digests += [network_digest(run / "saved_model") for run, _, _ in runs.values()]
    assert len(set(digests)) == len(digests)
    assert network_digest(runs["frame_predictor"][0]) == digests[0]


def test_a_full_disk_is_told_in_the_words_of_the_system(runs, monkeypatch):
    run, _, _ = runs["frame_predictor"]

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "variables.data; No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match=r"No space left on device.*saved_model"):
        write_saved_model(run)
