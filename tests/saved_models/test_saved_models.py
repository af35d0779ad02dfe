"""The published models: their predictions have not changed, and their cards match their files."""

import importlib.resources
from pathlib import Path

import numpy as np
import pytest

import ser_fop
from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.config.streaming import DEFAULT_STREAM_MODEL
from ser_fop.corpora.audio import read_audio
from ser_fop.export.model_card import model_card
from ser_fop.export.serving_model import GOLDEN
from ser_fop.hub.model_paths import EXTRA
from ser_fop.hub.networks import network_spec
from ser_fop.hub.published import CARD, published_models
from ser_fop.inference.recording import Recording
from ser_fop.serving.models import ServedModel
from ser_fop.streaming.streamable import is_streamable
from ser_fop.stress.perturbations import PERTURBATIONS
from ser_fop.testing.shared_data import require_shared
from ser_fop.utils.json_io import read_json

MODELS = published_models()
RATE_HZ = 16000
SAMPLES = Path(str(importlib.resources.files("ser_fop") / "serving" / "page" / "samples"))


def test_four_models_are_published():
    assert set(MODELS) == {"emotion-common", "emotion-ravdess", "emotion-stream", "fop-librispeech"}
    assert DEFAULT_MODEL in MODELS
    assert is_streamable(network_spec(MODELS[DEFAULT_STREAM_MODEL]))


@pytest.mark.parametrize("name", MODELS)
class TestPublishedModel:
    def test_card_matches_config_and_metrics(self, name):
        folder = MODELS[name]
        config, metrics = read_json(folder / "config.json"), read_json(folder / "metrics.json")
        card = model_card(network_spec(folder), config, metrics)
        assert (folder / CARD).read_text(encoding="utf-8") == card

    def test_served_outputs_equal_golden_outputs(self, name):
        golden = np.load(MODELS[name] / "1" / EXTRA / GOLDEN)
        served = ServedModel(name, MODELS[name], newest=1, labels={})
        inputs = {key: golden[key] for key in ("waveform", "length")}
        found = served.version("", "").signature("").call(inputs)
        compared = [key for key in found if f"answer_{key}" in golden]
        assert compared
        for key in compared:
            np.testing.assert_allclose(found[key], golden[f"answer_{key}"], atol=1e-4)

    def test_silence_is_trimmed_as_in_training(self, name):
        if name in (DEFAULT_MODEL, DEFAULT_STREAM_MODEL):
            pytest.skip("it is not trimmed; test_default_models_ignore_silence_before_speech is about it")
        assert network_spec(MODELS[name]).trim_below_db == 40.0
        predictor = ser_fop.load(name)
        samples = 0.1 * np.random.default_rng(0).normal(size=16000).astype(np.float32)
        padded = np.concatenate([np.zeros(8000, np.float32), samples, np.zeros(8000, np.float32)])
        expected, found = (predictor.hypercolumns(one, sample_rate_hz=16000)["pooled_h1"] for one in (samples, padded))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_default_model_predicts_a_file():
    prediction = ser_fop.load().predict(SAMPLES / "synthetic_angry.flac")
    assert prediction.emotion in (*prediction.probabilities, "unsure")
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-5)


@pytest.fixture(scope="module")
def recordings():
    """Eighty real recordings by speakers and microphones that the default model has not met."""
    folder = require_shared("LibriSpeech-subset")
    files = sorted(folder.rglob("*.flac"))[::7][:80]
    return [read_audio(file, sample_rate_hz=RATE_HZ)[: 6 * RATE_HZ] for file in files]


def answers(samples, model=DEFAULT_MODEL):
    recordings = [Recording(source=one, sample_rate_hz=RATE_HZ, name=str(number)) for number, one in enumerate(samples)]
    return list(ser_fop.load(model).predict_many(recordings))


@pytest.mark.parametrize("model", [DEFAULT_MODEL, DEFAULT_STREAM_MODEL])
@pytest.mark.parametrize("gain_db", [-30, -10, 10])
def test_default_models_do_not_hear_the_gain(gain_db, model):
    """The level of a recording is the microphone's, not the speaker's."""
    for name in ("angry", "happy", "neutral", "sad"):
        samples = read_audio(SAMPLES / f"synthetic_{name}.flac", sample_rate_hz=RATE_HZ)
        plain, changed = answers([samples, samples * np.float32(10 ** (gain_db / 20))], model)
        assert plain.emotion == changed.emotion
        for label, share in plain.probabilities.items():
            assert changed.probabilities[label] == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize(("model", "most"), [(DEFAULT_MODEL, 0.2), (DEFAULT_STREAM_MODEL, 0.1)])
def test_default_models_ignore_silence_before_speech(model, most):
    """At a running level, silence before speech is loud. The models have learned to ignore it."""
    samples = read_audio(SAMPLES / "synthetic_angry.flac", sample_rate_hz=RATE_HZ)
    quiet = (1e-4 * np.random.default_rng(0).normal(size=RATE_HZ)).astype(np.float32)
    plain, later = answers([samples, np.concatenate([quiet, samples])], model)
    differences = [abs(plain.probabilities[label] - later.probabilities[label]) for label in plain.probabilities]
    assert max(differences) < most


def test_a_model_of_one_studio_hears_the_gain():
    """The counter-case: `emotion-ravdess` has learned the level."""
    samples = read_audio(SAMPLES / "synthetic_angry.flac", sample_rate_hz=RATE_HZ)
    predictor = ser_fop.load("emotion-ravdess")
    plain, quiet = (predictor.predict(gain * samples, sample_rate_hz=RATE_HZ).probabilities for gain in (1.0, 0.03))
    assert max(abs(plain[label] - quiet[label]) for label in plain) > 0.1


# Change, its level, and the largest share of answers that may differ.
CHANGES = [("white_noise", 30.0, 0.4), ("mp3", 64.0, 0.2), ("offset", 0.002, 0.05), ("hum", 0.001, 0.25)]


@pytest.mark.slow  # predicts eighty recordings twice for each change
@pytest.mark.parametrize(("name", "level", "most"), CHANGES)
def test_default_model_under_changes(recordings, name, level, most):
    changed = [
        PERTURBATIONS[name].apply(one, level, sample_rate_hz=RATE_HZ, generator=np.random.default_rng(0))
        for one in recordings
    ]
    pairs = list(zip(answers(recordings), answers(changed), strict=True))

    def top(answer):
        return max(answer.probabilities, key=answer.probabilities.get, default="")

    assert np.mean([top(one) != top(other) for one, other in pairs]) <= most
