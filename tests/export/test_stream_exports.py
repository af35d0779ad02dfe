"""Streams of exported models: TF Serving's signature and LiteRT's step, compared with the Keras network."""

import json

import numpy as np
import pytest
import tensorflow as tf
from ser_fop.pipelines import export

from ser_fop.config.stages import FinetuneConfig
from ser_fop.errors import InputError
from ser_fop.export.portable_stream import golden_of_stream, write_litert_stream
from ser_fop.export.serving_model import write_serving_model
from ser_fop.export.verification import verify
from ser_fop.hub.networks import NETWORK
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.models.saving import save_network
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.utils.run_folder import open_stage
from tests.streaming.conftest import BACKBONES, make_classifier

GENERATOR = np.random.default_rng(0)
SOUNDS = {
    "waveform": (0.1 * GENERATOR.normal(size=(2, 9000))).astype(np.float32),
    "length": np.int32([9000, 7000]),
}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_litert_step_equals_the_network_over_whole_recordings(tmp_path, backbone):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    step = StreamStep(*make_classifier(backbone, pooling="attentive"), context_s=1.0)
    write_litert_stream(step, tmp_path / "step.tflite")
    described = json.loads((tmp_path / "step.tflite.json").read_text())
    advance = interpreter.Interpreter(str(tmp_path / "step.tflite")).get_signature_runner()
    golden_of_stream(step, SOUNDS, tmp_path / "golden.npz")
    expected = np.load(tmp_path / "golden.npz")["answer_scores"]
    for samples, length, scores in zip(SOUNDS["waveform"], SOUNDS["length"], expected, strict=True):
        state = {
            name: np.full(one["shape"], one["value"], np.int32 if isinstance(one["value"], int) else np.float32)
            for name, one in described["start"].items()
        }
        for first in range(0, length - described["window_samples"] + 1, described["hop_samples"]):
            window = samples[np.newaxis, first : first + described["window_samples"]]
            outputs = advance(samples=window, frames=np.int32([described["frames"]]), **state)
            state = {name: outputs[name] for name in state}
        np.testing.assert_allclose(outputs["scores"][0], scores, atol=1e-5)


@pytest.mark.slow  # writes a SavedModel
def test_saved_model_serves_streams_without_memory(tmp_path):
    network, spec = make_classifier("lstm")
    write_serving_model(InferenceModel(network, spec), tmp_path / "1", sounds=SOUNDS)
    served = tf.saved_model.load(str(tmp_path / "1")).signatures
    state = served["stream_start"](streams=tf.constant([0, 0]))
    step = StreamStep(network, spec, context_s=10.0)
    expected = step.initial_state(2)
    for first in range(0, 5000, step.hop_samples):
        window = tf.constant(SOUNDS["waveform"][:, first : first + step.window_samples])
        outputs = served["stream_step"](samples=window, frames=tf.constant([4, 4]), **state)
        state = {name: outputs[name] for name in state}
        scores, expected = step.step(window, tf.constant([4, 4]), tf.constant(1.0), expected)
    np.testing.assert_allclose(outputs["scores"], scores["scores"][:, 0], atol=1e-6)


@pytest.mark.slow  # writes a SavedModel
def test_a_network_that_hears_the_future_has_no_stream_signature(tmp_path):
    network, spec = make_classifier(attention="full")
    write_serving_model(InferenceModel(network, spec), tmp_path / "1", sounds=SOUNDS)
    assert not {"stream_start", "stream_step"} & set(tf.saved_model.load(str(tmp_path / "1")).signatures)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    stage = open_stage("finetune", out=out, config=FinetuneConfig(records=("records",), out=out))
    network, spec = make_classifier("cnn")
    written = save_network(network, spec, stage.folder / NETWORK)
    return stage.commit(metrics={}, content=written, seen_speakers=(), corpora=[])


@pytest.mark.slow
def test_export_writes_and_verifies_both(run, tmp_path, capsys):
    pytest.importorskip("ai_edge_litert")
    options = ["--model", run, "--out", tmp_path / "model", "--litert-stream", tmp_path / "step.tflite"]
    assert export.main([str(option) for option in options]) == 0
    assert capsys.readouterr().out.count("largest difference to the network") == 2
    assert (tmp_path / "step.tflite.json").exists()


def test_verification_finds_a_wrong_step(tmp_path):
    pytest.importorskip("ai_edge_litert")
    step = StreamStep(*make_classifier("cnn"))
    write_litert_stream(step, tmp_path / "step.tflite")
    golden_of_stream(step, SOUNDS, tmp_path / "golden.npz")
    assert verify(tmp_path / "step.tflite", tmp_path / "golden.npz", kind="litert_stream") < 1e-5
    arrays = dict(np.load(tmp_path / "golden.npz"))
    arrays["answer_scores"] = arrays["answer_scores"] + 0.01
    np.savez(tmp_path / "golden.npz", **arrays)
    with pytest.raises(InputError, match="differ by at most"):
        verify(tmp_path / "step.tflite", tmp_path / "golden.npz", kind="litert_stream")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--litert-stream", "step.onnx"], "--litert-stream expected a file that ends in .tflite"),
        (["--stream-context-s", "0"], "--stream-context-s expected more than 0"),
    ],
)
def test_wrong_options_are_refused(run, tmp_path, capsys, options, message):
    assert export.main(["--model", str(run), "--out", str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
