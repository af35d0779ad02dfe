"""The models that come with the package: they answer as they did when they were made, and their cards say what their files do."""

import importlib.resources
from pathlib import Path

import numpy as np
import pytest

import ser_fop
from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.export.model_card import model_card
from ser_fop.export.serving_model import EXTRA, GOLDEN
from ser_fop.hub.networks import network_spec
from ser_fop.hub.published import CARD, published_models
from ser_fop.serving.models import ServedModel
from ser_fop.utils.json_io import read_json

MODELS = published_models()
SAMPLES = Path(str(importlib.resources.files("ser_fop") / "serving" / "page" / "samples"))


def test_there_are_two():
    assert set(MODELS) == {"emotion-ravdess", "fop-librispeech"}
    assert DEFAULT_MODEL in MODELS


@pytest.mark.parametrize("name", MODELS)
class TestEach:
    def test_the_card_is_what_its_files_say(self, name):
        folder = MODELS[name]
        described, metrics = read_json(folder / "config.json"), read_json(folder / "metrics.json")
        card = model_card(network_spec(folder), described, metrics)
        assert (folder / CARD).read_text(encoding="utf-8") == card

    def test_sounds_are_answered_as_when_it_was_made(self, name):
        golden = np.load(MODELS[name] / "1" / EXTRA / GOLDEN)
        served = ServedModel(name, MODELS[name], newest=1, labels={})
        inputs = {key: golden[key] for key in ("waveform", "length")}
        found = served.version("", "").signature("").call(inputs)
        compared = [key for key in found if f"answer_{key}" in golden]
        assert compared
        for key in compared:
            np.testing.assert_allclose(found[key], golden[f"answer_{key}"], atol=1e-4)

    def test_silence_around_speech_is_cut_as_in_what_it_learned_from(self, name):
        assert network_spec(MODELS[name]).trim_below_db == 40.0
        predictor = ser_fop.load(name)
        samples = 0.1 * np.random.default_rng(0).normal(size=16000).astype(np.float32)
        around = np.concatenate([np.zeros(8000, np.float32), samples, np.zeros(8000, np.float32)])
        plain, silent = (predictor.hypercolumns(one, sample_rate_hz=16000)["pooled_h1"] for one in (samples, around))
        np.testing.assert_allclose(plain, silent, atol=1e-4)


def test_a_voice_is_answered_without_naming_a_model():
    answer = ser_fop.load().predict(SAMPLES / "synthetic_angry.flac")
    assert answer.emotion in answer.probabilities
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
