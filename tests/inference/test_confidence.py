"""Temperature, bias and threshold of a model, in its graph and in its export."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import ser_fop
from ser_fop.errors import InputError
from ser_fop.export.serving_model import write_serving_model
from ser_fop.hub.networks import load_network
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.outputs import UNSURE
from ser_fop.inference.predictor import Predictor
from ser_fop.inference.sources import inference_model_of

RATE_HZ = 16000


@pytest.fixture(scope="module")
def sounds():
    generator = np.random.default_rng(0)
    return {
        "waveform": generator.normal(size=(3, RATE_HZ)).astype(np.float32),
        "length": np.int32([16000, 12000, 9000]),
    }


@pytest.fixture
def outputs(finetuned, sounds):
    network, spec = load_network(finetuned)

    def predict(**changes):
        model = InferenceModel(network, dataclasses.replace(spec, **changes))
        return {name: value.numpy() for name, value in model.from_waveform(**map_constant(sounds)).items()}

    return predict


def map_constant(arrays):
    return {name: tf.constant(array) for name, array in arrays.items()}


def test_temperature_and_bias_scale_the_logits(outputs):
    plain = np.log(outputs()["scores"])
    bias = np.linspace(-1, 1, plain.shape[1])
    expected = np.exp(plain / 2 + bias)
    expected /= expected.sum(axis=1, keepdims=True)
    found = outputs(temperature=2.0, class_bias=tuple(bias))
    np.testing.assert_allclose(found["scores"], expected, atol=1e-5)
    assert found["emotion"].tolist() == [found["labels"][0][row.argmax()] for row in found["scores"]]


def test_answers_below_the_threshold_are_unsure(outputs):
    plain = outputs()
    confidence = plain["scores"].max(axis=1)
    threshold = float(np.sort(confidence)[1])
    found = outputs(confidence_threshold=threshold)
    unsure = confidence < np.float32(threshold)
    assert unsure.sum() == 1
    assert (found["emotion"] == UNSURE.encode()).tolist() == unsure.tolist()
    assert [b"low confidence" in reason for reason in found["reason"]] == unsure.tolist()
    np.testing.assert_array_equal(found["scores"], plain["scores"])
    assert set(outputs(confidence_threshold=0.0)["reason"]) <= {b"", b"clipped"}


@pytest.mark.slow  # exports a model
def test_export_of_a_calibrated_model_says_unsure(finetuned, sounds, tmp_path):
    model = inference_model_of(finetuned)
    model.spec = dataclasses.replace(model.spec, temperature=3.0, confidence_threshold=0.9999)
    write_serving_model(model, tmp_path / "model" / "1", sounds=sounds)
    answer = ser_fop.load(tmp_path / "model", detect_speech=False).predict(
        sounds["waveform"][0], sample_rate_hz=RATE_HZ
    )
    assert answer.emotion == UNSURE
    assert "low confidence" in answer.reason
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert Predictor(model, detect_speech=False).predict(sounds["waveform"][0], sample_rate_hz=RATE_HZ) == answer


def test_noise_is_refused_unless_detection_is_off(finetuned, sounds):
    with pytest.raises(InputError, match="contains no speech"):
        ser_fop.load(finetuned).predict(sounds["waveform"][0], sample_rate_hz=RATE_HZ)
    speech = ser_fop.load(finetuned).predict(ser_fop.sample())
    assert speech == ser_fop.load(finetuned, detect_speech=False).predict(ser_fop.sample())
    assert speech.emotion
