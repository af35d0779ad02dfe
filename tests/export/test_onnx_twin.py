"""ONNX twins: the whole graph from samples to answers, and one step of a stream."""

import dataclasses

import numpy as np
import pytest

import ser_fop
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import read_audio
from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.inference.outputs import LABELS, REASON, SCORES
from ser_fop.streaming.onnx_step import OnnxStep
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from tests.streaming.conftest import make_classifier

pytest.importorskip("tf2onnx")
from ser_fop.export.onnx_twin import verify_onnx_stream, verify_onnx_twin, write_onnx_stream, write_onnx_twin

pytestmark = pytest.mark.slow  # conversions take seconds

FRONT_ENDS = {
    "speech level, trimmed": (
        "transformer",
        FeatureConfig(mels=12, level="speech", floor=1e-4),
        {"trim_below_db": 40.0},
    ),
    "running level": ("cnn", FeatureConfig(mels=12, level="running", floor=1e-4), {}),
    "mfcc of utterance": (
        "transformer",
        FeatureConfig(mels=12, front_end="mfcc", coefficients=8, normalised_by="utterance"),
        {"attention": "full", "temperature": 2.0, "class_bias": (0.5, 0.0, -0.5)},
    ),
}


@pytest.fixture(scope="module")
def speech():
    return read_audio(ser_fop.sample("angry"), sample_rate_hz=16000)[:32000]


@pytest.fixture(scope="module")
def sounds(speech):
    """Recordings of several lengths, and all that is refused or doubted."""
    every = [speech, np.zeros(8000), speech[:200], 100 * speech, np.clip(8 * speech, -0.3, 0.3), speech[:6000]]
    lengths = np.int32([len(one) for one in every])
    waveform = np.stack([np.pad(one, (0, max(lengths) - len(one))) for one in every]).astype(np.float32)
    return {"waveform": waveform, "length": lengths}


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_twin_equals_the_model(tmp_path, sounds, name):
    backbone, features, more = FRONT_ENDS[name]
    network, spec = make_classifier(backbone, features=features, **more)
    spec = dataclasses.replace(spec, confidence_threshold=0.5)
    model = InferenceModel(network, spec)
    write_onnx_twin(model, tmp_path / "model.onnx")
    assert verify_onnx_twin(model, tmp_path / "model.onnx", sounds) < 1e-5
    found = OnnxInferenceModel(tmp_path / "model.onnx", spec).from_waveform(**sounds)
    expected = {key: np.asarray(value) for key, value in model.from_waveform(**sounds).items()}
    np.testing.assert_allclose(found[SCORES], expected[SCORES], atol=1e-5)
    for key in (EMOTION, REASON, LABELS):
        assert found[key].tolist() == expected[key].tolist()
    assert {b"silent", b"too short", b"out of range"} <= set(found[REASON].tolist())


def test_twin_of_another_network_is_refused(tmp_path, sounds):
    network, spec = make_classifier("cnn")
    write_onnx_twin(InferenceModel(network, spec), tmp_path / "model.onnx")
    network.trainable_weights[-2].assign(2 * network.trainable_weights[-2])
    with pytest.raises(InputError, match="expected the probabilities of the model within"):
        verify_onnx_twin(InferenceModel(network, spec), tmp_path / "model.onnx", sounds)


@pytest.mark.parametrize("backbone", ["transformer", "lstm"])
def test_twin_of_a_stream_equals_the_step_also_beyond_its_context(tmp_path, speech, backbone):
    step = StreamStep(*make_classifier(backbone, pooling="attentive"), context_s=0.2)
    write_onnx_stream(step, tmp_path / "stream.onnx", context_s=0.2)
    twin = OnnxStep(tmp_path / "stream.onnx", step.spec)
    assert (twin.context, twin.window_samples) == (step.context, step.window_samples)
    both = np.stack([speech[:9000], speech[9000:18000]])
    results = []
    for one in (step, twin):
        encoder = StreamingEncoder(one, streams=2, forget_s=0.5)
        results.append(np.concatenate([encoder.push(both)[SCORES], encoder.flush()[SCORES]], axis=1))
    np.testing.assert_allclose(results[1], results[0], atol=1e-5)
    sounds = {"waveform": both, "length": np.int32([9000, 5000])}
    assert verify_onnx_stream(step, tmp_path / "stream.onnx", sounds) < 1e-5
    step.network.trainable_weights[-2].assign(2 * step.network.trainable_weights[-2])
    with pytest.raises(InputError, match="received a difference"):
        verify_onnx_stream(StreamStep(step.network, step.spec, context_s=0.2), tmp_path / "stream.onnx", sounds)


def test_a_damaged_twin_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"\x08\x01 not a graph")
    with pytest.raises(InputError, match="is damaged"):
        OnnxInferenceModel(tmp_path / "model.onnx", make_classifier("cnn")[1])
