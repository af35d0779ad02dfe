"""A network whose features lack the level of recordings: a gain does not change its answers."""

import numpy as np
import pytest
import soundfile

from ser_fop.inference.loading import load
from tests.stages import MODEL, run

GAINS_DB = (-30.0, -6.0, 10.0)


@pytest.fixture(scope="module", params=["speech", "recorded"])
def network(work, tmp_path_factory, request):
    root = tmp_path_factory.mktemp(request.param)
    options = ["--audio-dir", work / "audio" / "ravdess", "--level", request.param, "--normalised-by", "utterance_mean"]
    if request.param == "recorded":
        options = options[:-2]
    run("prepare", "--corpus", "ravdess", *options, "--out", root / "records")
    run("finetune", "--records", root / "records", *MODEL, "--epochs", "2", "--out", root / "run")
    return request.param, root / "run"


def test_gain_does_not_change_answers(work, network):
    level, folder = network
    predictor = load(folder, detect_speech=False)
    samples, rate_hz = soundfile.read(sorted((work / "audio" / "ravdess").rglob("*.wav"))[0], dtype="float32")
    samples = (0.2 * samples / np.abs(samples).max()).astype(np.float32)

    def probabilities(gain_db):
        answer = predictor.predict(samples * np.float32(10 ** (gain_db / 20)), sample_rate_hz=rate_hz)
        return np.array(list(answer.probabilities.values()))

    largest = max(np.abs(probabilities(gain_db) - probabilities(0.0)).max() for gain_db in GAINS_DB)
    assert (largest < 1e-3) == (level == "speech"), largest
