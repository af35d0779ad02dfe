"""Targets other than the emotion, from audio to an answer."""

import json

import numpy as np
import pytest
import soundfile
from ser_fop.pipelines import classify, export, finetune, folds, predict

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.hub.networks import network_spec
from ser_fop.serving.app import Limits, create_app
from ser_fop.serving.models import ServedModel
from ser_fop.testing.fake_corpora import fake_csv
from ser_fop.testing.toy_features import write_toy_features
from ser_fop.training.splits.pretraining import folds_of_records
from tests.stages import MODEL, metrics_of, run

SPEAKERS, WORDS, TAKES = ("anna", "bert", "carl", "dora"), ("no", "yes"), 6
ROWS = [
    {
        "file": f"{speaker}/{word}-{take}.wav",
        "speaker": speaker,
        "word": word,
        "emotion": ("happy", "sad")[take % 2],
        "room": speaker,
    }
    for speaker in SPEAKERS
    for word in WORDS
    for take in range(TAKES)
]
FEW = ["--feature", "F", "--svm-c", "1", "10"]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Records whose labels are words."""
    root = tmp_path_factory.mktemp("targets")
    manifest = fake_csv(root, rows=ROWS)
    corpus = ["--corpus", "csv", "--audio-dir", root / "audio", "--manifest", manifest, "--name", "own"]
    run("prepare", *corpus, "--target", "word", "--out", root / "records")
    return root / "records"


@pytest.fixture(scope="module")
def keywords(records):
    out = records.parent / "keywords"
    run("finetune", "--records", records, "--fold", 0, "--epochs", 1, *MODEL, "--out", out)
    return out


def refused(capsys, stage, *arguments):
    assert stage.main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err


def test_records_have_the_labels_of_every_target(records):
    words, emotions, speakers = (Records(records, target) for target in ("", "emotion", "speaker"))
    assert (words.manifest.target, words.manifest.labels) == ("word", WORDS)
    assert (emotions.manifest.target, emotions.manifest.labels) == ("emotion", ("happy", "sad"))
    assert (speakers.manifest.labels, speakers.unit) == (SPEAKERS, "utterance")
    assert {row.id: row.label for row in emotions.rows} == {
        f"{row['speaker']}/{row['file'].split('/')[1][:-4]}": row["emotion"] for row in ROWS
    }
    with pytest.raises(InputError, match="one of word, speaker, emotion, room, received 'text'"):
        Records(records, "text")


def test_keyword_is_the_answer_of_predict(records, keywords, capsys):
    assert network_spec(keywords).target == "word"
    assert {item.label for item in read_predictions(keywords / "predictions.csv")} == set(WORDS)
    sound = records.parent / "audio" / "anna" / "yes-0.wav"
    answer = ser_fop.load(keywords, detect_speech=False).predict(sound)
    assert answer.word in WORDS
    with pytest.raises(AttributeError, match="'word', the target of the model, received 'emotion'"):
        _ = answer.emotion
    assert predict.main(["--model", str(keywords), "--no-detect-speech", "--json", str(sound)]) == 0
    assert json.loads(capsys.readouterr().out)["word"] == answer.label
    assert predict.main(["--model", str(keywords), "--no-detect-speech", "--csv", str(sound)]) == 0
    assert capsys.readouterr().out.startswith("file,start_s,end_s,word,no,yes,")


@pytest.mark.slow  # exports a model
def test_exported_keyword_model_answers_alike_in_every_runtime_and_on_a_server(records, keywords, tmp_path):
    testclient = pytest.importorskip("fastapi.testclient")
    out = tmp_path / "words"
    assert export.main(["--model", str(keywords), "--out", str(out)]) == 0
    sound = records.parent / "audio" / "anna" / "yes-0.wav"
    answers = [
        ser_fop.load(out, detect_speech=False, runtime=runtime).predict(sound) for runtime in ("onnx", "tensorflow")
    ]
    assert answers[0].word == answers[1].word
    samples = read_audio(sound, sample_rate_hz=16000)
    body = {"instances": [{"waveform": samples.tolist(), "length": len(samples)}]}
    app = create_app([ServedModel("words", out)], Limits(detect_speech=True))
    with testclient.TestClient(app) as client:
        (found,) = client.post("/v1/models/words:predict", json=body).json()["predictions"]
    # The sound is a tone, which the server refuses as no speech.
    assert (found["word"], found["reason"]) == ("", "no speech")
    assert "emotion" not in found


@pytest.mark.slow  # exports a model
def test_exported_speaker_model_names_the_speaker(records, tmp_path):
    options = ["--records", records, "--target", "speaker", "--epochs", 1, *MODEL]
    run("finetune", *options, "--fold", "none", "--train-on-validation", "--keep", "last", "--out", tmp_path / "run")
    assert export.main(["--model", str(tmp_path / "run"), "--out", str(tmp_path / "who")]) == 0
    sound = records.parent / "audio" / "anna" / "yes-0.wav"
    answer = ser_fop.load(tmp_path / "who", detect_speech=False).predict(sound)
    assert answer.speaker in SPEAKERS
    assert answer.probabilities.keys() == set(SPEAKERS)


def test_speakers_are_trained_on_and_their_other_recordings_tested(records, tmp_path):
    options = ["--records", records, "--target", "speaker", "--fold", "all", "--epochs", 1, *MODEL]
    run("finetune", *options, "--out", tmp_path / "run")
    tested = read_predictions(tmp_path / "run" / "predictions.csv")
    assert sorted(item.id for item in tested) == sorted(row.id for row in Records(records).rows)
    assert {item.label for item in tested} == set(SPEAKERS)
    spec = network_spec(tmp_path / "run" / "fold-0")
    assert {f"own:partly/{speaker}" for speaker in SPEAKERS} <= set(spec.seen_speakers)
    assert set(metrics_of(tmp_path / "run")["speakers"]) == set(SPEAKERS)
    heard = {name.removeprefix("own:part/") for name in spec.seen_speakers if name.startswith("own:part/")}
    assert heard.isdisjoint(item.id for item in tested if item.fold == 0)
    assert heard


def test_classifier_of_speakers_has_errors_of_verification(records, tmp_path):
    features = write_toy_features(tmp_path / "features", Records(records, "speaker"), spread=0.5)
    common = ["--hypercolumns", features, "--target", "speaker", *FEW]
    run("classify", *common, "--fold", "all", "--out", tmp_path / "run")
    found = metrics_of(tmp_path / "run")
    assert found["wa"] > 0.5
    verified = [one for fold in found["folds"] if (one := fold["verification"])]
    assert sum(one["eer"] for one in verified) / len(verified) < 0.5
    run("classify", *common[:2], "--target", "word", *FEW, "--fold", "0", "--out", tmp_path / "words")
    assert "verification" not in metrics_of(tmp_path / "words")


def test_target_that_folds_separate_is_refused(records, tmp_path, capsys):
    features = write_toy_features(tmp_path / "features", Records(records))
    options = ["--hypercolumns", features, "--target", "room", *FEW, "--fold", "0", "--out", tmp_path / "run"]
    assert "separates every class of the target `room`" in refused(capsys, classify, *options)


def test_folds_that_divide_speakers_cannot_test_speakers(records, tmp_path, capsys):
    path = tmp_path / "folds.json"
    assert folds.main(["--records", str(records), "--out", str(path)]) == 0
    options = ["--records", records, "--target", "speaker", "--folds", path, "--out", tmp_path / "run"]
    assert "leave out --folds" in refused(capsys, finetune, *options)


def test_network_that_heard_a_recording_of_a_speaker_has_not_heard_the_others(records):
    speakers = Records(records, "speaker")
    fold = folds_of_records(speakers).folds[0]
    trained, tested = speakers.names_to_record(fold.train), set(fold.test)
    assert {f"own:partly/{speaker}" for speaker in SPEAKERS} <= trained
    assert speakers.heard_before(tested, trained) == set()
    assert speakers.heard_before(tested, {*trained, "own:anna"}) == {"own:anna"}  # all of anna was heard before
    assert speakers.heard_before(fold.train, trained) >= {f"own:part/{fold.train[0]}"}
    assert Records(records).heard_before(SPEAKERS, trained) == {f"own:{speaker}" for speaker in SPEAKERS}


def test_every_answer_has_the_target_of_the_model(keywords, records, tmp_path):
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(8000), 16000)
    sound = records.parent / "audio" / "anna" / "yes-0.wav"
    predictor = ser_fop.load(keywords, detect_speech=False)
    bad, good = predictor.predict_files([silent, sound])
    assert (bad.word, bool(bad.problem)) == ("", True)
    assert "word" in predictor.predict_files([silent, sound], as_frame=True).columns
    assert good.word in WORDS


def test_fold_file_without_a_tested_speaker_in_training_is_refused(records, tmp_path, capsys):
    rows = Records(records, "speaker").rows
    parts = {"anna": "test", "bert": "validation"}
    fold = {
        part: [row.unit for row in rows if parts.get(row.speaker, "train") == part]
        for part in ("test", "validation", "train")
    }
    path = tmp_path / "folds.json"
    path.write_text(json.dumps({"corpus": "own", "protocol": "p", "description": "d", "folds": [fold]}))
    options = ["--records", records, "--target", "speaker", "--folds", path, "--out", tmp_path / "run"]
    assert "tests 'anna' without it" in refused(capsys, finetune, *options)
