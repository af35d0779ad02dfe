"""Folds as files, selection on test, other styles and other corpora, end to end."""

import json

import numpy as np
import pytest
from ser_fop.pipelines import classify, finetune, folds

from ser_fop.corpora.folds import read_folds
from ser_fop.data.records import Records, mel_moments
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.hub.networks import load_network
from ser_fop.testing.fake_corpora import fake_emodb
from ser_fop.training.splits.pretraining import folds_of_records
from tests.stages import MODEL, run


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def emodb(tmp_path_factory):
    root = tmp_path_factory.mktemp("emodb")
    fake_emodb(root / "audio")
    run("prepare", "--corpus", "emodb", "--audio-dir", root / "audio", "--out", root / "records")
    return root / "records"


class TestFolds:
    @pytest.mark.parametrize(
        ("options", "protocol", "count"),
        [
            (["--protocol", "leave-one-speaker-out"], "leave-one-speaker-out", 24),
            (["--protocol", "k-speaker-folds", "--count", "4"], "4-speaker-folds", 4),
            (["--protocol", "single-fold"], "single-fold", 1),
            ([], "five-fold", 5),
        ],
    )
    def test_a_file_for_the_other_stages(self, work, tmp_path, options, protocol, count):
        out = tmp_path / "folds.json"
        assert folds.main(["--records", str(work / "records" / "ravdess"), "--out", str(out), *options]) == 0
        found = read_folds(out)
        assert (found.protocol, len(found.folds)) == (protocol, count)

    def test_is_never_written_over(self, work, tmp_path, capsys):
        arguments = ["--records", str(work / "records" / "ravdess"), "--out", str(tmp_path / "folds.json")]
        assert folds.main(arguments) == 0
        assert folds.main([*arguments, "--protocol", "single-fold"]) == 2
        assert "fold files are kept as they were published" in capsys.readouterr().err

    def test_a_corpus_without_sessions_has_no_session_folds(self, work, tmp_path, capsys):
        arguments = ["--records", str(work / "records" / "ravdess"), "--out", str(tmp_path / "f.json")]
        assert folds.main([*arguments, "--protocol", "session-folds"]) == 2
        assert "names no sessions" in capsys.readouterr().err


class TestEveryone:
    """`--fold none`: a network for use, which no speaker is left to test."""

    REFIT = ("--train-on-validation", "--keep", "last", "--epochs", "1", "--fold", "none")

    def test_all_speakers_are_trained_on_and_no_figure_is_claimed(self, work, tmp_path):
        records = work / "records" / "ravdess"
        run("finetune", "--records", records, *MODEL, *self.REFIT, "--out", tmp_path / "all")
        found = metrics_of(tmp_path / "all")
        assert not {"wa", "ua", "confusion", "fold"} & set(found)
        assert not (tmp_path / "all" / "predictions.csv").exists()
        _, spec = load_network(tmp_path / "all")
        assert set(spec.seen_speakers) == {f"ravdess:{name}" for name in Records(records).speakers}
        assert spec.labels == tuple(found["labels"])

    @pytest.mark.parametrize("options", [["--fold", "none"], [*REFIT, "--folds", "folds.json"]])
    def test_of_nobody_to_choose_by_or_to_test(self, work, tmp_path, capsys, options):
        arguments = ["--records", str(work / "records" / "ravdess"), *options, "--out", str(tmp_path / "ft")]
        assert finetune.main(arguments) == 2
        assert "has no validation and no test speakers" in capsys.readouterr().err

    def test_who_was_told_a_speaker_s_emotions_is_not_tested_on_them(self, work, tmp_path, capsys):
        records = work / "records" / "ravdess"
        run("finetune", "--records", records, *MODEL, *self.REFIT, "--out", tmp_path / "all")
        run("extract", "--records", records, "--pretrained", tmp_path / "all", "--out", tmp_path / "hyper")
        capsys.readouterr()
        assert classify.main(["--hypercolumns", str(tmp_path / "hyper"), "--out", str(tmp_path / "svm")]) == 2
        assert "has seen the labels of" in capsys.readouterr().err
        again = ["--records", str(records), "--pretrained", str(tmp_path / "all"), "--epochs", "1"]
        assert finetune.main([*again, "--fold", "0", "--out", str(tmp_path / "again")]) == 2
        assert "has seen the labels of" in capsys.readouterr().err


class TestSelectOn:
    def test_fine_tuning_on_test_is_stamped_and_worth_something(self, work, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "2", "--seed", "3"]
        run("finetune", *common, "--select-on", "test", "--out", tmp_path / "cheat")
        found = metrics_of(tmp_path / "cheat")
        assert found["selected_on"] == "test"
        assert found["chosen"]["val_accuracy"] == pytest.approx(found["wa"], abs=1e-6)
        run("finetune", *common, "--out", tmp_path / "honest")
        honest = metrics_of(tmp_path / "honest")
        assert honest["selected_on"] == "validation"
        assert honest["wa"] != pytest.approx(honest["chosen"]["val_accuracy"], abs=1e-6)

    def test_of_nobody_to_choose_by(self, work, tmp_path, capsys):
        common = ["--records", str(work / "records" / "ravdess"), "--train-on-validation", "--keep", "last"]
        assert finetune.main([*common, "--select-on", "test", "--out", str(tmp_path / "ft")]) == 2
        assert "whom --train-on-validation trains on" in capsys.readouterr().err

    def test_an_svm_chosen_on_test_is_stamped(self, hyper, tmp_path):
        run("classify", "--hypercolumns", hyper, "--feature", "h1", "--select-on", "test", "--out", tmp_path / "svm")
        found = metrics_of(tmp_path / "svm")
        assert found["selected_on"] == "test"
        assert max(found["chosen"]["validation_accuracy_by_c"].values()) == pytest.approx(found["wa"])


class TestAnotherCorpus:
    RENAMED = ("--test-labels", "anger=angry", "happiness=happy", "sadness=sad", "fear=fearful")

    def test_fine_tuned_here_tested_there(self, work, emodb, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--fold", "0"]
        run("finetune", *common, "--test-records", emodb, *self.RENAMED, "--out", tmp_path / "ft")
        found = metrics_of(tmp_path / "ft")
        table = read_predictions(tmp_path / "ft" / "predictions.csv")
        assert found["tested_on"] == "emodb"
        assert {"angry", "happy"} <= {row.label for row in table} <= set(found["labels"])
        seen_speakers = json.loads((tmp_path / "ft" / "config.json").read_text())["seen_speakers"]
        assert len(seen_speakers) == 24
        assert not found["transductive"]

    def test_every_fold_is_refused(self, work, emodb, tmp_path, capsys):
        common = ["--records", str(work / "records" / "ravdess"), *MODEL, "--fold", "all"]
        assert finetune.main([*common, "--test-records", str(emodb), "--out", str(tmp_path / "ft")]) == 2
        assert "Name one fold" in capsys.readouterr().err

    def test_hypercolumns_of_both(self, work, hyper, emodb, tmp_path):
        run("extract", "--records", emodb, "--pretrained", work / "inductive", "--out", tmp_path / "there")
        common = ["--hypercolumns", hyper, "--feature", "h1", "--test-hypercolumns", tmp_path / "there"]
        for classifier in ("svm", "attention"):
            out = tmp_path / classifier
            epochs = ["--lstm-epochs", "1"]
            run("classify", *common, *self.RENAMED, *epochs, "--classifier", classifier, "--out", out)
            assert metrics_of(out)["tested_on"] == "emodb"

    def test_hypercolumns_of_two_networks_are_refused(self, work, hyper, emodb, tmp_path, capsys):
        run("extract", "--records", emodb, "--pretrained", work / "transductive", "--out", tmp_path / "there")
        common = ["--hypercolumns", str(hyper), "--test-hypercolumns", str(tmp_path / "there")]
        assert classify.main([*common, "--out", str(tmp_path / "svm")]) == 2
        assert "were not made with the same network" in capsys.readouterr().err


def test_styles(work, tmp_path, capsys):
    common = ["--records", str(work / "records" / "ravdess"), *MODEL, "--epochs", "1"]
    assert finetune.main([*common, "--styles", "improvised", "--out", str(tmp_path / "ft")]) == 2
    assert "no labelled utterance of style improvised" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--strategy", "gradual", "--layer-rate-decay", "2.6", "--schedule", "slanted"],
        ["--strategy", "last_layers", "--class-weights", "balanced", "--pooling", "mean_std"],
        [
            "--strategy",
            "head",
            "--loss",
            "focal",
            "--pooling",
            "attentive",
            "--attention",
            "full",
            "--finetuning-dropout",
            "0.4",
        ],
        ["--freq-mask", "8", "--time-mask", "8", "--level-db", "3", "--speed", "0.1", "--schedule", "cosine"],
    ],
)
def test_strategies(work, tmp_path, options):
    common = ["--records", work / "records" / "ravdess", "--epochs", "2", "--warmup-share", "0.2"]
    run("finetune", *common, "--pretrained", work / "inductive", *options, "--out", tmp_path / "ft")
    found = metrics_of(tmp_path / "ft")
    assert found["n"] > 0
    network, spec = load_network(tmp_path / "ft")
    assert spec.pooling == network.pooling
    assert spec.attention == network.backbone.attention == ("full" if "full" in options else "causal")
    before = load_network(work / "inductive")[1].model.dropout
    assert before != 0.4
    assert spec.model.dropout == (0.4 if "0.4" in options else before)


@pytest.mark.parametrize("classifier", ["logistic", "attention"])
def test_more_classifiers(hyper, tmp_path, classifier):
    common = ["--hypercolumns", hyper, "--feature", "h1", "--lstm-epochs", "1"]
    run("classify", *common, "--classifier", classifier, "--out", tmp_path / "out")
    assert metrics_of(tmp_path / "out")["classifier"] == classifier


def test_validation_speakers_can_be_trained_on(work, tmp_path):
    folder = work / "records" / "ravdess"
    common = ["--records", folder, *MODEL, "--epochs", "1", "--keep", "last"]
    run("finetune", *common, "--out", tmp_path / "without")
    run("finetune", *common, "--train-on-validation", "--out", tmp_path / "with")
    assert metrics_of(tmp_path / "without")["chosen"]["val_accuracy"] is not None
    assert metrics_of(tmp_path / "with")["chosen"]["val_accuracy"] is None
    records = Records(folder)
    fold = folds_of_records(records, path=None).folds[0]
    for name, speakers in (("without", fold.train), ("with", (*fold.train, *fold.validation))):
        network, _ = load_network(tmp_path / name)
        mean, _ = mel_moments([(records, {row.id for row in records.of_speakers(speakers) if row.emotion})])
        np.testing.assert_allclose(network.backbone.normalization.mean, mean, rtol=1e-6)
