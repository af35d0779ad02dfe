"""Fold files, selection on test speakers, speaking styles and tests on another corpus, end to end."""

import json

import numpy as np
import pytest
from ser_fop.pipelines import classify, finetune, folds

import ser_fop
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
    def test_folds_writes_fold_file(self, work, tmp_path, options, protocol, count):
        out = tmp_path / "folds.json"
        assert folds.main(["--records", str(work / "records" / "ravdess"), "--out", str(out), *options]) == 0
        found = read_folds(out)
        assert (found.protocol, len(found.folds)) == (protocol, count)

    def test_folds_rejects_existing_file(self, work, tmp_path, capsys):
        arguments = ["--records", str(work / "records" / "ravdess"), "--out", str(tmp_path / "folds.json")]
        assert folds.main(arguments) == 0
        assert folds.main([*arguments, "--protocol", "single-fold"]) == 2
        assert "fold files are never overwritten" in capsys.readouterr().err

    def test_session_folds_reject_corpus_without_sessions(self, work, tmp_path, capsys):
        arguments = ["--records", str(work / "records" / "ravdess"), "--out", str(tmp_path / "f.json")]
        assert folds.main([*arguments, "--protocol", "session-folds"]) == 2
        assert "expected one session for each speaker" in capsys.readouterr().err


class TestFoldNone:
    """`--fold none`: a network that is trained on all speakers, and so has no test speakers."""

    REFIT = ("--train-on-validation", "--keep", "last", "--epochs", "1", "--fold", "none")

    @pytest.fixture(scope="class")
    def on_all_speakers(self, work, tmp_path_factory):
        out = tmp_path_factory.mktemp("none") / "all"
        run("finetune", "--records", work / "records" / "ravdess", *MODEL, *self.REFIT, "--out", out)
        return out

    def test_fold_none_trains_on_all_speakers(self, work, on_all_speakers):
        found = metrics_of(on_all_speakers)
        assert not {"wa", "ua", "confusion", "fold"} & set(found)
        assert not (on_all_speakers / "predictions.csv").exists()
        _, spec = load_network(on_all_speakers)
        speakers = Records(work / "records" / "ravdess").speakers
        assert set(spec.seen_speakers) == {f"ravdess:{name}" for name in speakers}
        assert spec.labels == tuple(found["labels"])

    @pytest.mark.parametrize("options", [["--fold", "none"], [*REFIT, "--folds", "folds.json"]])
    def test_fold_none_rejects_options_that_need_a_fold(self, work, tmp_path, capsys, options):
        arguments = ["--records", str(work / "records" / "ravdess"), *options, "--out", str(tmp_path / "ft")]
        assert finetune.main(arguments) == 2
        assert "has no validation and no test speakers" in capsys.readouterr().err

    def test_network_that_saw_labels_of_test_speakers_is_rejected(self, work, on_all_speakers, tmp_path, capsys):
        records = work / "records" / "ravdess"
        run("extract", "--records", records, "--pretrained", on_all_speakers, "--out", tmp_path / "hyper")
        capsys.readouterr()
        assert classify.main(["--hypercolumns", str(tmp_path / "hyper"), "--out", str(tmp_path / "svm")]) == 2
        assert "has seen the labels of" in capsys.readouterr().err
        again = ["--records", str(records), "--pretrained", str(on_all_speakers), "--epochs", "1"]
        assert finetune.main([*again, "--fold", "0", "--out", str(tmp_path / "again")]) == 2
        assert "has seen the labels of" in capsys.readouterr().err


class TestSelectOn:
    def test_finetune_selected_on_test_is_recorded(self, work, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "2", "--seed", "3"]
        run("finetune", *common, "--select-on", "test", "--out", tmp_path / "cheat")
        found = metrics_of(tmp_path / "cheat")
        assert found["selected_on"] == "test"
        assert found["chosen"]["val_accuracy"] == pytest.approx(found["wa"], abs=1e-6)
        run("finetune", *common, "--out", tmp_path / "on_validation")
        on_validation = metrics_of(tmp_path / "on_validation")
        assert on_validation["selected_on"] == "validation"
        assert on_validation["wa"] != pytest.approx(on_validation["chosen"]["val_accuracy"], abs=1e-6)

    def test_select_on_test_rejects_train_on_validation(self, work, tmp_path, capsys):
        common = ["--records", str(work / "records" / "ravdess"), "--train-on-validation", "--keep", "last"]
        assert finetune.main([*common, "--select-on", "test", "--out", str(tmp_path / "ft")]) == 2
        assert "--train-on-validation would train on them" in capsys.readouterr().err

    def test_svm_selected_on_test_is_recorded(self, hyper, tmp_path):
        run("classify", "--hypercolumns", hyper, "--feature", "h1", "--select-on", "test", "--out", tmp_path / "svm")
        found = metrics_of(tmp_path / "svm")
        assert found["selected_on"] == "test"
        assert max(found["chosen"]["validation_accuracy_by_c"].values()) == pytest.approx(found["wa"])


class TestAnotherCorpus:
    RENAMED = ("--test-labels", "anger=angry", "happiness=happy", "sadness=sad", "fear=fearful")

    def test_finetune_tests_on_other_corpus(self, work, emodb, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--fold", "0"]
        run("finetune", *common, "--test-records", emodb, *self.RENAMED, "--out", tmp_path / "ft")
        found = metrics_of(tmp_path / "ft")
        table = read_predictions(tmp_path / "ft" / "predictions.csv")
        assert found["tested_on"] == "emodb"
        assert {"angry", "happy"} <= {row.label for row in table} <= set(found["labels"])
        seen_speakers = json.loads((tmp_path / "ft" / "config.json").read_text())["seen_speakers"]
        assert len(seen_speakers) == 24
        assert not found["transductive"]

    def test_other_corpus_rejects_all_folds(self, work, emodb, tmp_path, capsys):
        common = ["--records", str(work / "records" / "ravdess"), *MODEL, "--fold", "all"]
        assert finetune.main([*common, "--test-records", str(emodb), "--out", str(tmp_path / "ft")]) == 2
        assert "Select one fold" in capsys.readouterr().err

    def test_classify_tests_on_other_corpus(self, work, hyper, emodb, tmp_path):
        run("extract", "--records", emodb, "--pretrained", work / "inductive", "--out", tmp_path / "there")
        common = ["--hypercolumns", hyper, "--feature", "h1", "--test-hypercolumns", tmp_path / "there"]
        for classifier in ("svm", "attention"):
            out = tmp_path / classifier
            epochs = ["--lstm-epochs", "1"]
            run("classify", *common, *self.RENAMED, *epochs, "--classifier", classifier, "--out", out)
            assert metrics_of(out)["tested_on"] == "emodb"

    def test_classify_rejects_hypercolumns_of_two_networks(self, work, hyper, emodb, tmp_path, capsys):
        run("extract", "--records", emodb, "--pretrained", work / "transductive", "--out", tmp_path / "there")
        common = ["--hypercolumns", str(hyper), "--test-hypercolumns", str(tmp_path / "there")]
        assert classify.main([*common, "--out", str(tmp_path / "svm")]) == 2
        assert "were not made with the same network" in capsys.readouterr().err


def test_finetune_rejects_missing_style(work, tmp_path, capsys):
    common = ["--records", str(work / "records" / "ravdess"), *MODEL, "--epochs", "1"]
    assert finetune.main([*common, "--styles", "improvised", "--out", str(tmp_path / "ft")]) == 2
    assert "no labelled utterance of style improvised" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        "--strategy head --loss focal --pooling attentive --attention full --finetuning-dropout 0.4",
        pytest.param("--strategy gradual --layer-rate-decay 2.6 --schedule slanted", marks=pytest.mark.slow),
        pytest.param("--strategy last_layers --class-weights balanced --pooling mean_std", marks=pytest.mark.slow),
        pytest.param("--freq-mask 8 --time-mask 8 --level-db 3 --speed 0.1 --schedule cosine", marks=pytest.mark.slow),
    ],
)
def test_finetuning_strategies(work, tmp_path, options):
    common = ["--records", work / "records" / "ravdess", "--epochs", "2", "--warmup-share", "0.2"]
    run("finetune", *common, "--pretrained", work / "inductive", *options.split(), "--out", tmp_path / "ft")
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


def test_train_on_validation_adds_validation_speakers(work, tmp_path):
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
        mean, _ = mel_moments([(records, {row.id for row in records.of_speakers(speakers) if row.label})])
        np.testing.assert_allclose(network.backbone.normalization.mean, mean, rtol=1e-6)


class TestSeveralCorpora:
    """`finetune --records A B`: corpora with other names of the emotions, and other emotions."""

    @pytest.fixture(scope="class")
    def berlin(self, tmp_path_factory):
        """Three speakers, whom the published folds of EMO-DB do not divide: another name gives them their own folds."""
        root = tmp_path_factory.mktemp("berlin")
        fake_emodb(root / "audio")
        options = ["--audio-dir", root / "audio", "--name", "berlin", "--out", root / "records"]
        run("prepare", "--corpus", "emodb", *options)
        return root / "records"

    @pytest.fixture(scope="class")
    def joined(self, work, berlin, tmp_path_factory):
        out = tmp_path_factory.mktemp("joined") / "run"
        options = ["--epochs", "1", "--class-weights", "corpus_balanced", *MODEL]
        run("finetune", "--records", work / "records" / "ravdess", berlin, *options, "--out", out)
        return out

    def test_metrics_have_scores_of_each_corpus(self, joined):
        metrics = metrics_of(joined)
        assert set(metrics["corpora"]) == {"ravdess", "berlin"}
        assert sum(one["n"] for one in metrics["corpora"].values()) == metrics["n"]
        assert metrics["corpora"]["berlin"]["recall"]["calm"] is None

    def test_answers_are_classes_that_the_corpus_has(self, joined):
        """EMO-DB has no `calm` and RAVDESS has it."""
        labels = metrics_of(joined)["labels"]
        for item in read_predictions(joined / "predictions.csv"):
            calm = item.probabilities[labels.index("calm")]
            assert (calm == 0) == item.speaker.startswith("berlin:")
            assert sum(item.probabilities) == pytest.approx(1, abs=1e-4)

    def test_config_names_every_corpus_with_its_licence(self, joined):
        corpora = json.loads((joined / "config.json").read_text())["corpora"]
        assert [one["name"] for one in corpora] == ["ravdess", "berlin"]
        assert all(one["licence"] for one in corpora)

    def test_test_speakers_are_unseen(self, joined):
        _, spec = load_network(joined)
        tested = {item.speaker for item in read_predictions(joined / "predictions.csv")}
        assert len(tested) > 2
        assert tested.isdisjoint(spec.seen_speakers)

    def test_another_corpus_is_tested_under_common_names(self, work, berlin, tmp_path):
        label_map = tmp_path / "map.yaml"
        label_map.write_text(
            "happy: [happiness]\nsad: [sadness]\nangry: [anger]\n"
            "unlabelled: [neutral, calm, fearful, disgust, surprised, fear, boredom]\n"
        )
        options = ["--epochs", "1", "--label-map", label_map, *MODEL, "--test-records", berlin]
        run("finetune", "--records", work / "records" / "ravdess", *options, "--out", tmp_path / "run")
        metrics = metrics_of(tmp_path / "run")
        assert metrics["labels"] == ["happy", "sad", "angry"]
        assert set(metrics["corpora"]) == {"berlin"}

    def test_classifier_of_several_corpora_predicts(self, work, hyper, berlin, tmp_path):
        run("extract", "--records", berlin, "--pretrained", work / "inductive", "--out", tmp_path / "berlin")
        options = ["--feature", "h1", "--svm-c", "1", "--class-weights", "corpus_balanced", "--out", tmp_path / "svm"]
        run("classify", "--hypercolumns", hyper, tmp_path / "berlin", *options)
        metrics = metrics_of(tmp_path / "svm")
        assert set(metrics["corpora"]) == {"ravdess", "berlin"}
        prediction = ser_fop.load(tmp_path / "svm", detect_speech=False).predict(
            np.sin(np.arange(16000.0)), sample_rate_hz=16000
        )
        assert prediction.emotion in metrics["labels"]

    def test_one_corpus_rejects_weights_by_corpus(self, work, tmp_path, capsys):
        options = ["--class-weights", "corpus_balanced", "--out", tmp_path / "run"]
        arguments = ["--records", work / "records" / "ravdess", *options]
        assert finetune.main([str(argument) for argument in arguments]) == 2
        assert "expected several --records" in capsys.readouterr().err

    def test_several_corpora_reject_losses_on_their_own_labels(self, work, berlin, tmp_path, capsys):
        options = ["--contrastive-weight", "0.5", "--out", tmp_path / "run"]
        arguments = ["--records", work / "records" / "ravdess", berlin, *options]
        assert finetune.main([str(argument) for argument in arguments]) == 2
        assert "contrastive_weight" in capsys.readouterr().err
