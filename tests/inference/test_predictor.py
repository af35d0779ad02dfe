import dataclasses
import io
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from sklearn.metrics import accuracy_score

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.inference.predictor import LONGEST_S, Predictor
from ser_fop.inference.recording import Recording
from ser_fop.utils.json_io import read_json, write_json
from tests.stages import run

RATE_HZ = 16000


@pytest.fixture(scope="module")
def trained(work, hyper, tmp_path_factory):
    """One run folder of each kind with emotion classes, by name."""
    root = tmp_path_factory.mktemp("trained")
    common = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive", "--epochs", "1"]
    run("finetune", *common, "--pooling", "mean_std", "--out", root / "finetune")
    for classifier in ("svm", "rf", "logistic", "a_lstm"):
        options = ["--lstm-epochs", "1"] if classifier == "a_lstm" else []
        arguments = ["--hypercolumns", hyper, "--feature", "h_concat", "--classifier", classifier, *options]
        run("classify", *arguments, "--out", root / classifier)
    return {path.name: path for path in root.iterdir()}


@pytest.fixture(scope="module")
def predictor(trained):
    return ser_fop.load(trained["finetune"], detect_speech=False)


@pytest.fixture(scope="module")
def files(work):
    return sorted((work / "audio" / "ravdess").rglob("*.wav"))[:8]


@pytest.fixture
def noise():
    return 0.1 * np.random.default_rng(0).normal(size=RATE_HZ).astype(np.float32)


@pytest.mark.parametrize("kind", ["finetune", "svm", "rf", "logistic", "a_lstm"])
def test_predictor_from_audio_equals_predictions_of_run(trained, work, kind):
    """The predictor reads audio files; the stage predicted from log-mels."""
    predictions = read_predictions(trained[kind] / "predictions.csv")
    records = Records(work / "records" / "ravdess")
    file_of = {row.id: work / "audio" / "ravdess" / row.file for row in records.rows}
    predictor = ser_fop.load(str(trained[kind]), detect_speech=False)
    answers = list(predictor.predict_many(Recording(source=file_of[one.id], name=one.id) for one in predictions))
    assert [answer.name for answer in answers] == [one.id for one in predictions]
    labels = records.manifest.labels
    for one, answer in zip(predictions, answers, strict=True):
        scores = [answer.probabilities.get(label, 0.0) for label in labels]
        np.testing.assert_allclose(scores, one.probabilities, atol=0.02)  # records store float16
    same = accuracy_score([one.predicted for one in predictions], [answer.emotion for answer in answers])
    assert same > 0.9


class TestPredict:
    def test_predict_file_returns_class_name_and_end(self, predictor, files):
        answer = predictor.predict(files[0])
        assert answer.emotion in predictor.labels
        assert answer.name == str(files[0])
        assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
        assert answer.end_s == pytest.approx(soundfile.info(files[0]).duration, abs=1e-3)

    def test_predict_samples_equals_file(self, predictor, files):
        samples, rate_hz = soundfile.read(files[0], dtype="float32")
        from_file, from_samples = predictor.predict(files[0]), predictor.predict(samples, sample_rate_hz=rate_hz)
        assert from_samples.probabilities == pytest.approx(from_file.probabilities, abs=1e-6)
        both = predictor.predict(np.stack([samples, samples], axis=1), sample_rate_hz=rate_hz)
        assert both.probabilities == pytest.approx(from_file.probabilities, abs=1e-6)

    def test_predict_segment_equals_cut_samples(self, predictor, noise):
        part = predictor.predict(noise, sample_rate_hz=RATE_HZ, start_s=0.25, end_s=0.75)
        alone = predictor.predict(noise[RATE_HZ // 4 : 3 * RATE_HZ // 4], sample_rate_hz=RATE_HZ)
        assert part.probabilities == pytest.approx(alone.probabilities, abs=1e-6)
        assert (part.start_s, part.end_s) == (0.25, 0.75)

    @pytest.mark.parametrize(
        ("samples", "message"),
        [
            (np.zeros(RATE_HZ, np.float32), "is silent"),
            (np.full(RATE_HZ, np.nan, np.float32), "NaN"),
            (np.zeros(0, np.float32), "no samples"),
            (np.full(RATE_HZ, 0.1, np.float32), "is silent"),  # a constant
            (np.tile(np.float32([0.1, -0.1]), 50), "shorter than 0.1 s"),
            (np.ones(RATE_HZ, np.int16), "floating-point samples"),
            (np.ones((2, 3, 4), np.float32), r"shape \(samples,\)"),
            (np.tile(np.float32([0.1, -0.1]), round(RATE_HZ * LONGEST_S)), "longer than 60 s: use a sliding window"),
        ],
    )
    def test_predict_rejects_invalid_samples(self, predictor, samples, message):
        with pytest.raises(InputError, match=message):
            predictor.predict(samples, sample_rate_hz=RATE_HZ)

    def test_predict_samples_without_sample_rate_fails(self, predictor, noise):
        with pytest.raises(InputError, match="expected the samples' sample_rate_hz"):
            predictor.predict(noise)


class TestPredictMany:
    def test_predict_many_equals_single_predictions(self, predictor, files):
        batched = list(predictor.predict_many(Recording(source=file, name=file.name) for file in files))
        for file, answer in zip(files, batched, strict=True):
            assert answer.name == file.name
            assert answer.probabilities == pytest.approx(predictor.predict(file).probabilities, abs=1e-5)

    def test_predict_many_unreadable_file_does_not_affect_others(self, predictor, files, tmp_path):
        (tmp_path / "broken.wav").write_bytes(b"RIFF but no audio")
        named = [files[0], tmp_path / "broken.wav", tmp_path / "missing.wav", files[1]]
        answers = list(predictor.predict_many(Recording(source=file) for file in named))
        assert [bool(answer.emotion) for answer in answers] == [True, False, False, True]
        assert "is not audio" in answers[1].problem
        assert answers[2].problem == "does not exist"

    def test_predict_many_open_file_equals_path(self, predictor, files):
        opened = io.BytesIO(files[0].read_bytes())
        (answer,) = predictor.predict_many([Recording(source=opened, name="standard input")])
        assert answer.probabilities == pytest.approx(predictor.predict(files[0]).probabilities, abs=1e-6)


class TestPredictWindows:
    def test_predict_windows_equals_predict_of_each_segment(self, predictor, noise):
        answers = predictor.predict_windows(noise, sample_rate_hz=RATE_HZ, window_s=0.4, hop_s=0.25)
        assert [answer.start_s for answer in answers] == [0.0, 0.25, 0.5, 0.75]
        assert answers[-1].end_s == 1.0
        alone = predictor.predict(noise, sample_rate_hz=RATE_HZ, start_s=0.25, end_s=0.65)
        assert answers[1].probabilities == pytest.approx(alone.probabilities, abs=1e-5)

    def test_predict_windows_silent_window_has_problem(self, predictor, noise):
        samples = np.concatenate([noise, np.zeros_like(noise), noise])
        answers = predictor.predict_windows(samples, sample_rate_hz=RATE_HZ, window_s=1.0, hop_s=1.0)
        assert [answer.problem for answer in answers] == ["", "is silent", ""]

    def test_predict_windows_accepts_recording_longer_than_limit(self, predictor, noise):
        samples = np.tile(noise, round(LONGEST_S) + 5)
        assert len(predictor.predict_windows(samples, sample_rate_hz=RATE_HZ, window_s=20.0, hop_s=10.0)) == 6

    def test_predict_windows_short_recording_gives_one_window(self, predictor, noise):
        (answer,) = predictor.predict_windows(noise, sample_rate_hz=RATE_HZ, window_s=3.0)
        assert answer.end_s == 1.0

    def test_predict_windows_rejects_too_short_window(self, predictor, noise):
        with pytest.raises(InputError, match=r"expected window_s of 0\.1 to 60 s"):
            predictor.predict_windows(noise, sample_rate_hz=RATE_HZ, window_s=0.01)


class TestHypercolumns:
    def test_hypercolumns_pooled_is_mean_over_frames(self, work, files):
        found = ser_fop.load(work / "inductive").hypercolumns(files[0])
        assert found["h1"].shape[1] == found["pooled_h1"].shape[0] == 16
        np.testing.assert_allclose(found["h1"].mean(axis=0), found["pooled_h1"], atol=1e-5)
        samples = read_audio(files[0], sample_rate_hz=RATE_HZ)
        assert len(found["F"]) == 1 + (len(samples) - 400) // 160

    def test_predict_pretrained_network_fails(self, work, files):
        with pytest.raises(InputError, match="has no classes: give a run of `ser-fop finetune`"):
            ser_fop.load(work / "inductive").predict(files[0])


class TestLoading:
    def test_load_folder_of_folds_fails(self, trained, tmp_path):
        for name in ("COMPLETED", "config.json"):
            shutil.copy(trained["finetune"] / name, tmp_path / name)
        (tmp_path / "fold-0").mkdir()
        with pytest.raises(InputError, match=r"contains one run per fold: give the run of one fold, such as .*fold-0"):
            ser_fop.load(tmp_path)

    def test_load_classifier_with_changed_network_fails(self, trained, work, tmp_path):
        config = read_json(trained["svm"] / "config.json")
        shutil.copytree(trained["svm"], tmp_path / "svm")
        shutil.copytree(*config["sources"]["hypercolumns"], tmp_path / "hyper")
        extracted = read_json(tmp_path / "hyper" / "config.json")
        extracted["sources"]["pretrained"] = str(work / "transductive")
        write_json(tmp_path / "hyper" / "config.json", extracted)
        write_json(tmp_path / "svm" / "config.json", {**config, "sources": {"hypercolumns": str(tmp_path / "hyper")}})
        with pytest.raises(InputError, match="has changed since"):
            ser_fop.load(tmp_path / "svm")

    def test_predictor_rejects_normalisation_by_speaker(self, predictor):
        features = dataclasses.replace(predictor.spec.features, normalised_by="speaker")
        with pytest.raises(InputError, match="the speaker's mean is not known"):
            Predictor(SimpleNamespace(spec=dataclasses.replace(predictor.spec, features=features), labels=()))
