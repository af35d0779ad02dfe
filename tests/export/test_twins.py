"""Twins for ONNX Runtime and LiteRT: the whole graph from samples to answers, and one step of a stream."""

import dataclasses

import numpy as np
import pytest

import ser_fop
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import read_audio
from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.export.twin_files import write_litert_stream_twin, write_litert_twin, write_onnx_stream, write_onnx_twin
from ser_fop.export.twin_verification import verify_stream_twin, verify_twin
from ser_fop.export.twins import write_twins
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.litert_model import LiteRtInferenceModel
from ser_fop.inference.loading import load
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.inference.outputs import LABELS, REASON, SCORES
from ser_fop.models.network_spec import SPEC
from ser_fop.streaming.litert_step import LiteRtStep
from ser_fop.streaming.onnx_step import OnnxStep
from ser_fop.streaming.opening import open_step
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from ser_fop.utils.json_io import write_json
from tests.streaming.conftest import make_classifier

pytest.importorskip("tf2onnx")
pytest.importorskip("ai_edge_litert")

pytestmark = pytest.mark.slow  # conversions take seconds

WHOLE = {"onnx": (write_onnx_twin, OnnxInferenceModel), "litert": (write_litert_twin, LiteRtInferenceModel)}
STEPS = {"onnx": (write_onnx_stream, OnnxStep), "litert": (write_litert_stream_twin, LiteRtStep)}

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


@pytest.mark.parametrize("runtime", WHOLE)
@pytest.mark.parametrize("name", FRONT_ENDS)
def test_twin_equals_the_model(tmp_path, sounds, name, runtime):
    backbone, features, more = FRONT_ENDS[name]
    network, spec = make_classifier(backbone, features=features, **more)
    spec = dataclasses.replace(spec, confidence_threshold=0.5)
    model = InferenceModel(network, spec)
    write, twin_class = WHOLE[runtime]
    if runtime == "litert" and (spec.trim_below_db or features.normalised_by == "utterance"):
        with pytest.raises(InputError, match="LiteRT expected a model without numbers of 64 bits"):
            write(model, tmp_path / "model")
        return
    write(model, tmp_path / "model")
    twin = twin_class(tmp_path / "model", spec)
    assert verify_twin(model, twin, tmp_path / "model", sounds) < 1e-5
    found = twin.from_waveform(**sounds)
    expected = {key: np.asarray(value) for key, value in model.from_waveform(**sounds).items()}
    np.testing.assert_allclose(found[SCORES], expected[SCORES], atol=1e-5)
    for key in (EMOTION, REASON, LABELS):
        assert found[key].tolist() == expected[key].tolist()
    assert {b"silent", b"too short", b"out of range"} <= set(found[REASON].tolist())


@pytest.mark.parametrize("runtime", WHOLE)
def test_twin_of_another_network_is_refused(tmp_path, sounds, runtime):
    network, spec = make_classifier("cnn")
    write, twin_class = WHOLE[runtime]
    write(InferenceModel(network, spec), tmp_path / "model")
    network.trainable_weights[-2].assign(2 * network.trainable_weights[-2])
    twin = twin_class(tmp_path / "model", spec)
    with pytest.raises(InputError, match="expected the probabilities of the model within"):
        verify_twin(InferenceModel(network, spec), twin, tmp_path / "model", sounds)


@pytest.mark.parametrize("runtime", STEPS)
@pytest.mark.parametrize("backbone", ["transformer", "lstm"])
def test_twin_of_a_stream_equals_the_step_also_beyond_its_context(tmp_path, speech, backbone, runtime):
    step = StreamStep(*make_classifier(backbone, pooling="attentive"), context_s=0.2)
    write, twin_class = STEPS[runtime]
    write(step, tmp_path / "stream", context_s=0.2)
    twin = twin_class(tmp_path / "stream", step.spec)
    assert (twin.context, twin.window_samples) == (step.context, step.window_samples)
    both = np.stack([speech[:9000], speech[9000:18000]])
    results = []
    for one in (step, twin):
        encoder = StreamingEncoder(one, streams=2, forget_s=0.5)
        results.append(np.concatenate([encoder.push(both)[SCORES], encoder.flush()[SCORES]], axis=1))
    np.testing.assert_allclose(results[1], results[0], atol=1e-5)
    sounds = {"waveform": both, "length": np.int32([9000, 5000])}
    assert verify_stream_twin(step, twin, tmp_path / "stream", sounds) < 1e-5
    step.network.trainable_weights[-2].assign(2 * step.network.trainable_weights[-2])
    with pytest.raises(InputError, match="received a difference"):
        verify_stream_twin(StreamStep(step.network, step.spec, context_s=0.2), twin, tmp_path / "stream", sounds)


def test_litert_twins_are_written_on_request_and_loaded(tmp_path, sounds):
    network, spec = make_classifier("cnn")
    model, step = InferenceModel(network, spec), StreamStep(network, spec, context_s=1.0)
    sounds = {**sounds, "waveform": np.clip(sounds["waveform"], -1, 1)}  # a stream refuses what is out of range
    (tmp_path / "assets").mkdir()
    write_json(tmp_path / "assets" / SPEC, spec)
    extra = tmp_path / "assets.extra"
    for litert in (False, True):
        extra.mkdir(exist_ok=True)
        assert write_twins(model, step, extra, sounds, context_s=1.0, litert=litert) < 1e-5
        assert {path.name for path in extra.glob("*.tflite")} == (
            {"model.tflite", "stream.tflite"} if litert else set()
        )
        if not litert:
            with pytest.raises(InputError, match="ser-fop export --litert-twins`, or use --runtime tensorflow"):
                load(tmp_path, runtime="litert")
    assert isinstance(load(tmp_path, runtime="litert")._model, LiteRtInferenceModel)
    assert isinstance(open_step(tmp_path, context_s=1.0, runtime="litert"), LiteRtStep)
    assert isinstance(open_step(tmp_path, context_s=1.0), OnnxStep)
    answer = load(tmp_path, runtime="litert", detect_speech=False).predict(ser_fop.sample("angry"))
    expected = load(tmp_path, runtime="onnx", detect_speech=False).predict(ser_fop.sample("angry"))
    assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


@pytest.mark.parametrize("twin_class", [OnnxInferenceModel, LiteRtInferenceModel])
def test_a_damaged_twin_is_refused(tmp_path, twin_class):
    (tmp_path / "model").write_bytes(b"\x08\x01 not a graph")
    with pytest.raises(InputError, match="is damaged"):
        twin_class(tmp_path / "model", make_classifier("cnn")[1])
