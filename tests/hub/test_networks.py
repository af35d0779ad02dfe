import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.config.stages import PretrainConfig
from ser_fop.errors import InputError
from ser_fop.export.serving_model import write_serving_model
from ser_fop.hub.networks import load_network, network_digest, network_spec
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.models.saving import build_network, save_network
from ser_fop.testing.arrays import network_inputs, normal
from ser_fop.utils.run_folder import open_stage

MELS = 6
EXPORTED = ("frame_predictor", "attention_lstm")
SOUNDS = {"waveform": 0.1 * normal(1, 4000).astype(np.float32), "length": np.array([4000], np.int32)}
KINDS = {
    "frame_predictor": {"horizons": (2, 5), "variance": True},
    "contrastive_predictor": {"horizons": (2, 5)},
    "emotion_classifier": {"labels": ("angry", "happy", "sad")},
    "attention_lstm": {"labels": ("angry", "sad"), "feature": "h_concat", "units": 5},
}


def write_run(root, kind, *, residual_width="model"):
    """Write a finished run folder and return it with the network and its spec."""
    keras.utils.set_random_seed(0)
    model = ModelConfig(residual_width=residual_width, d_model=8, heads=2, feed_forward=11, layers=2)
    spec = NetworkSpec(
        kind=kind, features=FeatureConfig(mels=MELS), model=model, seen_speakers=("toy:anna",), **KINDS[kind]
    )
    network = build_network(spec)
    network.backbone.normalization.set_statistics(np.arange(MELS), 1 + np.arange(MELS))
    stage = open_stage("pretrain", out=root / kind, config=PretrainConfig(records=(), out=root / kind, model=model))
    written = save_network(network, spec, stage.folder / "network")
    run = stage.commit(metrics={}, content=written)
    if kind in EXPORTED:
        write_serving_model(InferenceModel(network, spec), root / "exported" / kind, sounds=SOUNDS)
    return run, network, spec


def exported(run):
    """Return the SavedModel of a run."""
    return run.parent / "exported" / run.name


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {kind: write_run(root, kind) for kind in KINDS}


SOURCES = [("run", kind) for kind in KINDS] + [("exported", kind) for kind in EXPORTED]


class TestLoading:
    @pytest.mark.parametrize(("source", "kind"), SOURCES)
    def test_load_network_restores_the_weights(self, runs, source, kind):
        run, network, spec = runs[kind]
        keras.utils.set_random_seed(5)
        folder = run if source == "run" else exported(run)
        found, found_spec = load_network(folder)
        assert found_spec == network_spec(folder) == spec
        assert type(found) is type(network)
        for before, after in zip(network.weights, found.weights, strict=True):
            assert before.path == after.path
            np.testing.assert_array_equal(after, before)
        inputs = network_inputs((9, 4), MELS)
        if kind == "contrastive_predictor":
            inputs["later"] = np.concatenate([inputs["mel"], inputs["mel"] + 1], axis=-1)
        np.testing.assert_array_equal(found(inputs), network(inputs))

    def test_load_network_accepts_a_moved_saved_model(self, runs, tmp_path):
        run, network, _ = runs["attention_lstm"]
        shutil.copytree(exported(run), tmp_path / "elsewhere")
        found, _ = load_network(tmp_path / "elsewhere")
        np.testing.assert_array_equal(found.get_weights()[-1], network.get_weights()[-1])


class TestInvalidInput:
    def test_load_network_rejects_another_saved_model(self, tmp_path):
        module = tf.Module()
        module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None])])
        tf.saved_model.save(module, str(tmp_path / "foreign"))
        for use in (load_network, network_spec):
            with pytest.raises(InputError, match=r"foreign was not written by ser_fop"):
                use(tmp_path / "foreign")

    def test_load_network_rejects_a_missing_folder(self, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            load_network(tmp_path / "nothing")

    def test_load_network_rejects_an_unfinished_run(self, tmp_path):
        (tmp_path / "network").mkdir()
        with pytest.raises(InputError, match="is not a finished folder"):
            load_network(tmp_path)

    @pytest.mark.parametrize("use", [load_network, network_spec])
    def test_load_network_rejects_a_run_without_a_network(self, tmp_path, use):
        config = PretrainConfig(records=(), out=tmp_path / "run")
        stage = open_stage("pretrain", out=tmp_path / "run", config=config)
        run = stage.commit(metrics={}, content=[])
        with pytest.raises(InputError, match="contains no network"):
            use(run)

    def test_load_network_rejects_an_invalid_spec(self, runs, tmp_path):
        run, _, _ = runs["frame_predictor"]
        (tmp_path / "assets").mkdir()
        (tmp_path / "saved_model.pb").write_bytes((exported(run) / "saved_model.pb").read_bytes())
        (tmp_path / "assets" / "network.json").write_text('{"kind": 1}')
        with pytest.raises(InputError, match="does not describe a network"):
            load_network(tmp_path)


def test_network_digest_differs_between_networks(runs):
    digests = [network_digest(run) for run, _, _ in runs.values()]
    digests += [network_digest(exported(runs[kind][0])) for kind in EXPORTED]
    assert len(set(digests)) == len(digests)
    assert network_digest(runs["frame_predictor"][0]) == digests[0]
