"""`classify --hypercolumns A B`: pooled features of several corpora under common names of emotions."""

import json

import numpy as np
import pytest
from ser_fop.pipelines import classify
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.data.records import Records
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled
from ser_fop.testing.toy_features import write_toy_features
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.pretraining import folds_of_records
from tests.stages import metrics_of, run

FEW = ["--feature", "F", "--svm-c", "1", "10", "--logistic-c", "1", "--rf-trees", "20"]
# Labels of each corpus: `two` has other names, `two` and `other` lack `calm`, and `other` lacks `sad` too.
LABELS = {
    "one": ("angry", "calm", "happy", "sad"),
    "two": ("anger", "happiness", "sadness"),
    "other": ("anger", "joy", "boredom"),
}


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Folders of features by corpus. Each has the emotions in other columns: answers are often wrong."""
    root = tmp_path_factory.mktemp("features")
    found = {}
    for seed, (name, labels) in enumerate(LABELS.items()):
        speakers = ("anna", "bert", "carl", "dora", "emil", "unknown")
        mels = toy_utterances(speakers=speakers, per_speaker=8, emotions=labels, frames=(2, 4), seed=seed)
        records = write_toy_records(root / f"records-{name}", mels, corpus=name, labels=labels)
        found[name] = write_toy_features(root / name, records, seed=seed)
    return found


@pytest.fixture
def label_map(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text(
        "angry: [anger]\nhappy: [happiness, joy]\nsad: [sadness]\ncalm: []\nunlabelled: [boredom]\n", encoding="utf-8"
    )
    return path


def refused(capsys, *arguments):
    assert classify.main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("classifier", ["svm", "rf", "logistic"])
def test_answers_are_classes_that_the_corpus_has(features, tmp_path, classifier):
    folders = [features["one"], features["two"]]
    common = ["--hypercolumns", *folders, *FEW, "--classifier", classifier, "--class-weights", "corpus_balanced"]
    run("classify", *common, "--fold", "all", "--out", tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["labels"] == ["calm", "happy", "sad", "angry"]
    assert set(metrics["corpora"]) == {"one", "two"}
    assert metrics["n"] == sum(one["n"] for one in metrics["corpora"].values()) == 2 * 5 * 8
    table = read_predictions(tmp_path / "run" / "predictions.csv")
    assert not {item.speaker for item in table} & {"one:unknown", "two:unknown"}
    assert {item.predicted for item in table if item.speaker.startswith("one:")} >= {"calm"}  # counter-case
    for item in (item for item in table if item.speaker.startswith("two:")):
        assert item.predicted != "calm"
        assert item.probabilities[metrics["labels"].index("calm")] == 0
        assert sum(item.probabilities) == pytest.approx(1, abs=1e-4)
    config = json.loads((tmp_path / "run" / "fold-0" / "config.json").read_text())
    assert [one["name"] for one in config["corpora"]] == ["one", "two"]
    assert config["sources"]["hypercolumns"] == [str(folder) for folder in folders]
    tested = {item.speaker for item in table if item.fold == 0}
    assert tested
    assert tested.isdisjoint(config["seen_speakers"])
    assert "two:unknown" in config["seen_speakers"]


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_another_corpus_is_tested_among_its_classes(features, label_map, tmp_path, classifier):
    common = ["--hypercolumns", features["one"], features["two"], *FEW, "--label-map", label_map]
    common += ["--classifier", classifier, "--refit-on-validation"]
    run("classify", *common, "--test-hypercolumns", features["other"], "--out", tmp_path / "run")
    table = read_predictions(tmp_path / "run" / "predictions.csv")
    assert {item.label for item in table} == {item.predicted for item in table} == {"angry", "happy"}
    assert {item.speaker for item in table} == {f"other:{name}" for name in ("anna", "bert", "carl", "dora", "emil")}
    metrics = metrics_of(tmp_path / "run")
    assert metrics["tested_on"] == "other"
    assert set(metrics["corpora"]) == {"other"}


def test_one_corpus_has_the_answers_of_its_svm(features, tmp_path):
    """A folder alone keeps its labels, ids and speakers, and the answers are those of scikit-learn."""
    run("classify", "--hypercolumns", features["one"], *FEW, "--out", tmp_path / "run")
    metrics, table = metrics_of(tmp_path / "run"), read_predictions(tmp_path / "run" / "predictions.csv")
    assert metrics["labels"] == list(LABELS["one"])
    assert "corpora" not in metrics
    records, pooled = Records(features["one"].parent / "records-one"), read_pooled(features["one"] / ARRAYS)
    fold = folds_of_records(records).folds[0]
    train = {row.id: row.label for row in records.of_speakers(fold.train)}
    svm = make_pipeline(StandardScaler(), SVC(C=metrics["chosen"]["c"]))
    svm.fit(pooled.of("F", train), list(train.values()))
    assert [item.predicted for item in table] == svm.predict(pooled.of("F", [item.id for item in table])).tolist()


def test_weights_of_corpora_change_the_classifier(features, tmp_path):
    """The corpora have equally many utterances of other numbers of classes."""
    common = ["--hypercolumns", features["one"], features["two"], *FEW, "--classifier", "logistic"]
    run("classify", *common, "--out", tmp_path / "plain")
    run("classify", *common, "--class-weights", "corpus_balanced", "--out", tmp_path / "balanced")
    one, two = (
        np.array([item.probabilities for item in read_predictions(tmp_path / name / "predictions.csv")])
        for name in ("plain", "balanced")
    )
    assert abs(one - two).max() > 0.001


def test_label_map_is_compared_by_its_content(features, label_map, tmp_path, capsys):
    common = ["--hypercolumns", features["one"], *FEW, "--label-map", label_map, "--out", tmp_path / "run"]
    run("classify", *common)
    assert metrics_of(tmp_path / "run")["labels"] == ["angry", "happy", "sad", "calm"]
    run("classify", *common)
    assert "is complete" in capsys.readouterr().out
    label_map.write_text("happy: []\nunlabelled: [sad, calm]\nangry: []\n", encoding="utf-8")
    assert "label_map" in refused(capsys, *common)


def test_features_of_each_fold_are_read_for_each_corpus(features, tmp_path):
    """A folder with one subfolder for each fold beside one that serves all folds."""
    folder = tmp_path / "by_fold"
    for name in ("config.json", "COMPLETED"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes((features["one"] / name).read_bytes())
    for number in range(5):
        write_toy_features(folder / f"fold-{number}", Records(features["one"].parent / "records-one"), seed=number)
    run("classify", "--hypercolumns", folder, features["two"], *FEW, "--fold", "1", "--out", tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["config"]["hypercolumns"] == [str(folder / "fold-1"), str(features["two"])]


@pytest.mark.parametrize(
    "options",
    [["--classifier", "a_lstm"], ["--classifier", "attention"], ["--code", "ladder"], ["--code", "denoising"]],
)
def test_frames_and_codes_refuse_several_folders(features, label_map, tmp_path, capsys, options):
    several = ["--hypercolumns", features["one"], features["two"], *options, "--out", tmp_path / "run"]
    error = refused(capsys, *several)
    assert f"{' '.join(options)} expected one --hypercolumns folder without --label-map, received 2 folders" in error
    mapped = ["--hypercolumns", features["one"], "--label-map", label_map, *options, "--out", tmp_path / "run"]
    assert "received a label map" in refused(capsys, *mapped)


def test_features_of_two_networks_are_refused(features, tmp_path, capsys):
    records = Records(features["two"].parent / "records-two")
    other = write_toy_features(tmp_path / "other", records, network="another network")
    for options in (["--hypercolumns", features["one"], other], ["--hypercolumns", other, features["one"]]):
        assert "were not made with the same network" in refused(capsys, *options, "--out", tmp_path / "run")


def test_bad_corpora_and_weights_are_refused(features, tmp_path, capsys):
    out = ["--out", tmp_path / "run"]
    twice = refused(capsys, "--hypercolumns", features["one"], features["one"], *out)
    assert "expected each corpus once" in twice
    weights = refused(capsys, "--hypercolumns", features["one"], "--class-weights", "corpus_balanced", *out)
    assert "expected several --hypercolumns or a --label-map" in weights
    label_map = tmp_path / "map.yaml"
    label_map.write_text("happy: []\n", encoding="utf-8")
    unmapped = refused(capsys, "--hypercolumns", features["one"], "--label-map", label_map, *out)
    assert "expected to contain the label 'angry'" in unmapped
    assert "at least one folder" in refused(capsys, "--hypercolumns", *out)
