"""The published models: their predictions have not changed, and their cards match their files."""

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


def test_two_models_are_published():
    assert set(MODELS) == {"emotion-ravdess", "fop-librispeech"}
    assert DEFAULT_MODEL in MODELS


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
        assert network_spec(MODELS[name]).trim_below_db == 40.0
        predictor = ser_fop.load(name)
        samples = 0.1 * np.random.default_rng(0).normal(size=16000).astype(np.float32)
        padded = np.concatenate([np.zeros(8000, np.float32), samples, np.zeros(8000, np.float32)])
        expected, found = (predictor.hypercolumns(one, sample_rate_hz=16000)["pooled_h1"] for one in (samples, padded))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_default_model_predicts_a_file():
    prediction = ser_fop.load().predict(SAMPLES / "synthetic_angry.flac")
    assert prediction.emotion in prediction.probabilities
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
