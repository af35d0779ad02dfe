"""Fixtures: a small model with two versions, and a client of the server application."""

import numpy as np
import pytest
from fastapi.testclient import TestClient

from ser_fop.export.serving_model import write_serving_model
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.sources import inference_model_of
from ser_fop.serving.app import Limits, create_app
from ser_fop.serving.models import ServedModel
from tests.stages import in_child, run
from tests.streaming.conftest import make_classifier


@pytest.fixture(scope="session")
def models(work, finetuned, built_once):
    """Folder of a model with versions 1 and 3."""
    # In a process of its own: a training and two exports leave 0.8 GB behind.
    return built_once("models", lambda root: in_child(_build_models, root, work, finetuned)) / "emotion"


def _build_models(root, work, finetuned):
    common = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive", "--epochs", "1"]
    run("finetune", *common, "--seed", 1, "--out", root / "run")
    generator = np.random.default_rng(0)
    sounds = {"waveform": generator.normal(size=(2, 8000)).astype(np.float32), "length": np.int32([8000, 6000])}
    for version, folder in ((1, finetuned), (3, root / "run")):
        write_serving_model(inference_model_of(folder), root / "emotion" / str(version), sounds=sounds)


@pytest.fixture(scope="session")
def stream_models(built_once):
    """Folder of the models `stream`, which is causal, and `full`, which is not."""
    return built_once("stream_models", _build_stream_models)


def _build_stream_models(root):
    sounds = {"waveform": np.full((1, 8000), 0.1, np.float32), "length": np.int32([8000])}
    for name, attention in (("stream", "causal"), ("full", "full")):
        network, spec = make_classifier(attention=attention)
        write_serving_model(InferenceModel(network, spec), root / name / "1", sounds=sounds)


@pytest.fixture(scope="session")
def served(models):
    return ServedModel("emotion", models, newest=1, labels={"stable": 1})


@pytest.fixture(scope="session")
def client(served):
    limits = Limits(body_bytes=1_000_000, instances=4, max_duration_s=2.0, detect_speech=False)
    with TestClient(create_app([served], limits), raise_server_exceptions=False) as client:
        yield client
