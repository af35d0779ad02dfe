"""Each stage end to end, on small data."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ser_fop.pipelines import classify, export, finetune, predict, prepare

from ser_fop.corpora.folds import published_folds, read_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.evaluation.scores import classification_scores
from ser_fop.hub.networks import load_network
from ser_fop.hypercolumns.classifiers import read_estimator
from ser_fop.hypercolumns.pooled_features import read_pooled
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from tests.stages import FEW_STEPS, MODEL, run


def read(path):
    return json.loads(path.read_text())


def seen_speakers(folder):
    return {name.removeprefix("ravdess:") for name in read(folder / "config.json")["seen_speakers"]}


class TestFeaturesOf:
    PUBLISHED = "fop-librispeech"

    def test_records_of_another_front_end_are_rejected(self, work, tmp_path, capsys):
        common = ["--records", str(work / "records" / "ravdess"), "--pretrained", self.PUBLISHED]
        assert finetune.main([*common, "--out", str(tmp_path / "ft")]) == 2
        message = capsys.readouterr().err
        assert "remove_below_hz is 60.0 and 0.0" in message
        assert "prepare --features-of NETWORK" in message

    def test_prepare_takes_front_end_and_trimming_of_a_network(self, work, tmp_path):
        common = ["--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess"]
        run("prepare", *common, "--features-of", self.PUBLISHED, "--out", tmp_path / "records")
        _, spec = load_network(Path(self.PUBLISHED))
        manifest = Records(tmp_path / "records").manifest
        assert (manifest.features, manifest.trim_below_db) == (spec.features, spec.trim_below_db)
        assert spec.trim_below_db > 0
        assert manifest.features != Records(work / "records" / "ravdess").manifest.features

    def test_front_end_options_with_features_of_are_rejected(self, work, tmp_path, capsys):
        common = ["--corpus", "ravdess", "--audio-dir", str(work / "audio" / "ravdess"), "--mels", "40"]
        assert prepare.main([*common, "--features-of", self.PUBLISHED, "--out", str(tmp_path / "records")]) == 2
        assert "Drop --features-of, or the options of the front end" in capsys.readouterr().err


class TestPretrain:
    def test_pretrain_excludes_test_speakers(self, work):
        test = set(published_folds("ravdess").folds[0].test)
        assert not seen_speakers(work / "inductive") & test
        assert seen_speakers(work / "transductive") >= test

    def test_run_folder_has_expected_files(self, work):
        names = {path.name for path in (work / "inductive").iterdir()}
        assert names == {"COMPLETED", "config.json", "examples.npz", "metrics.json", "network", "logs"}
        metrics = read(work / "inductive" / "metrics.json")
        assert metrics["skill"] == pytest.approx(1 - metrics["error"] / metrics["copy_error"])
        assert metrics["history"]["val_skill"][0] == pytest.approx(metrics["skill"], abs=1e-5)

    def test_complete_run_is_skipped_and_other_config_rejected(self, work, capsys):
        from ser_fop.pipelines import pretrain

        arguments = [
            "--records",
            str(work / "records/ravdess"),
            *MODEL,
            "--fold",
            "0",
            "--out",
            str(work / "inductive"),
        ]
        assert pretrain.main([*arguments, "--epochs", "1"]) == 0
        assert "is complete" in capsys.readouterr().out
        assert pretrain.main([*arguments, "--epochs", "2"]) == 2
        assert "its training.epochs is 1, now 2" in capsys.readouterr().err

    def test_pretrain_on_two_corpora(self, work, tmp_path):
        records = [work / "records" / "ravdess", work / "records" / "librispeech"]
        run("pretrain", "--records", *records, "--fold", "0", *MODEL, "--epochs", "0", "--out", tmp_path / "both")
        assert read(tmp_path / "both" / "metrics.json")["epochs"] == 0
        # The untrained network stores the mel statistics of its training speakers.
        known = set(read(tmp_path / "both" / "config.json")["seen_speakers"])
        assert {name.partition(":")[0] for name in known} == {"ravdess", "librispeech"}
        assert not seen_speakers(tmp_path / "both") & set(published_folds("ravdess").folds[0].test)

    def test_pretrain_improves_skill(self, work, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "4", "--learning-rate", "0.01"]
        run(
            "pretrain",
            *common,
            "--horizons",
            "3",
            "--residual-width",
            "input",
            "--schedule",
            "cosine",
            "--out",
            tmp_path / "fop",
        )
        metrics = read(tmp_path / "fop" / "metrics.json")
        assert metrics["skill"] > metrics["untrained_skill"] + 0.1

    @pytest.mark.slow  # processors without bfloat16 emulate it
    def test_bfloat16_network_loads_as_float32(self, work, tmp_path):
        records = ["--records", work / "records" / "ravdess"]
        common = [*records, "--epochs", "2", "--precision", "bfloat16"]
        run("pretrain", *common, *MODEL, "--learning-rate", "0.01", "--out", tmp_path / "fop")
        metrics = read(tmp_path / "fop" / "metrics.json")
        assert metrics["skill"] > metrics["untrained_skill"] + 0.05
        network, _ = load_network(tmp_path / "fop")
        assert {layer.compute_dtype for layer in network.backbone.layers if layer.weights} == {"float32"}
        run("finetune", *common, "--pretrained", tmp_path / "fop", "--out", tmp_path / "ft")
        assert np.isfinite(read(tmp_path / "ft" / "metrics.json")["chosen"]["val_loss"])


class TestFinetune:
    def test_scores_match_predictions(self, finetuned):
        metrics = read(finetuned / "metrics.json")
        table = read_predictions(finetuned / "predictions.csv")
        scores = classification_scores(
            [row.label for row in table], [row.predicted for row in table], metrics["labels"]
        )
        assert {key: metrics[key] for key in scores} == scores
        assert {row.speaker for row in table} == set(published_folds("ravdess").folds[0].test)
        assert not metrics["transductive"]
        assert sum(table[0].probabilities) == pytest.approx(1, abs=1e-4)

    def test_network_that_saw_test_speakers_is_transductive(self, work, tmp_path):
        common = ["--records", work / "records" / "ravdess", "--epochs", "1", "--fold", "0"]
        run("finetune", *common, "--pretrained", work / "transductive", "--out", tmp_path / "ft")
        assert read(tmp_path / "ft" / "metrics.json")["transductive"]

    def test_all_folds_pool_to_whole_corpus(self, work, three_folds, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--fold", "all"]
        run("finetune", *common, "--folds", three_folds, "--out", tmp_path / "ft")
        metrics = read(tmp_path / "ft" / "metrics.json")
        assert metrics["n"] == 192
        assert len(metrics["folds"]) == 3
        assert metrics["mean_of_folds"]["wa"] == pytest.approx(np.mean([row["wa"] for row in metrics["folds"]]))
        assert len({row.id for row in read_predictions(tmp_path / "ft" / "predictions.csv")}) == 192

    def test_learning_rate_is_chosen_on_validation(self, work, tmp_path):
        common = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--fold", "1"]
        run("finetune", *common, "--learning-rates", "0.1", "0.001", "--out", tmp_path / "ft")
        metrics = read(tmp_path / "ft" / "metrics.json")
        best = max(metrics["tried"], key=lambda row: row["val_accuracy"])
        assert metrics["chosen"]["learning_rate"] == best["learning_rate"]

    def test_finetune_keeps_pretrained_backbone(self, work, tmp_path):
        common = [
            "--records",
            work / "records" / "ravdess",
            "--fold",
            "0",
            "--epochs",
            "1",
            "--learning-rates",
            "1e-12",
        ]
        run("finetune", *common, "--pretrained", work / "inductive", "--out", tmp_path / "ft")
        before, _ = load_network(work / "inductive")
        after, _ = load_network(tmp_path / "ft")
        for one, other in zip(before.backbone.weights, after.backbone.weights, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


class TestExtract:
    @pytest.mark.slow  # exports a model
    def test_run_folder_and_saved_model_give_equal_features(self, work, hyper, tmp_path):
        alone = tmp_path / "models"
        assert export.main(["--model", str(work / "inductive"), "--out", str(alone)]) == 0
        run("extract", "--records", work / "records" / "ravdess", "--pretrained", alone, "--out", tmp_path / "hyper")
        one, other = (read_pooled(folder / "hypercolumns.npz") for folder in (hyper, tmp_path / "hyper"))
        assert list(one.ids) == list(other.ids)
        for name in one.arrays:
            np.testing.assert_allclose(one.arrays[name], other.arrays[name], atol=1e-6)

    def test_h_concat_joins_all_layers(self, hyper):
        arrays = read_pooled(hyper / "hypercolumns.npz").arrays
        assert set(arrays) == {"F", "h1", "h2", "h_add", "h_concat"}
        joined = np.concatenate([arrays["F"], arrays["h1"], arrays["h2"]], axis=1)
        np.testing.assert_allclose(arrays["h_concat"], joined, atol=1e-5)

    def test_extract_does_not_depend_on_batch(self, work, hyper, tmp_path):
        common = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive"]
        run("extract", *common, "--batch-frames", "60", "--out", tmp_path / "hyper", traced=True)
        one, other = (read_pooled(folder / "hypercolumns.npz") for folder in (hyper, tmp_path / "hyper"))
        for name in one.arrays:
            np.testing.assert_allclose(one.arrays[name], other.arrays[name], atol=1e-4)


class TestClassify:
    @pytest.mark.parametrize(("classifier", "feature"), [("svm", "h_concat"), ("rf", "F"), ("a_lstm", "h1")])
    def test_classifier_gives_probabilities(self, hyper, tmp_path, classifier, feature):
        small = ["--lstm-epochs", "1", "--lstm-units", "8", "--rf-trees", "20"]
        common = ["--hypercolumns", hyper, "--feature", feature, "--classifier", classifier, *small]
        run("classify", *common, "--fold", "0", "--out", tmp_path / "run")
        metrics = read(tmp_path / "run" / "metrics.json")
        assert metrics["n"] == 40
        assert not metrics["transductive"]
        rows = read_predictions(tmp_path / "run" / "predictions.csv")
        assert all(sum(row.probabilities) == pytest.approx(1, abs=1e-4) for row in rows)

    @pytest.mark.parametrize("classifier", ["svm", "attention"])
    def test_classifier_that_is_not_kept_leaves_its_predictions(self, hyper, tmp_path, capsys, classifier):
        common = ["--hypercolumns", hyper, "--feature", "h1", "--classifier", classifier, "--lstm-epochs", "1"]
        run("classify", *common, "--out", tmp_path / "kept")
        run("classify", *common, "--no-keep-classifier", "--out", tmp_path / "bare")
        kept, bare = ({path.name for path in (tmp_path / name).iterdir()} for name in ("kept", "bare"))
        assert kept - bare == ({"estimator.skops"} if classifier == "svm" else {"network"})
        one, other = (read(tmp_path / name / "metrics.json") for name in ("kept", "bare"))
        assert one["confusion"] == other["confusion"]
        assert predict.main(["--model", str(tmp_path / "bare"), "any.wav"]) == 2
        assert "keep_classifier false" in capsys.readouterr().err

    @pytest.mark.parametrize("classifier", ["svm", "logistic"])
    def test_refit_on_validation_adds_validation_speakers(self, hyper, tmp_path, classifier):
        common = ["--hypercolumns", hyper, "--feature", "h1", "--classifier", classifier, "--fold", "0"]
        seen, chosen = {}, {}
        for name, more in (("apart", []), ("refitted", ["--refit-on-validation"])):
            run("classify", *common, *more, "--out", tmp_path / name)
            estimator = read_estimator(tmp_path / name / "estimator.skops")
            if classifier == "svm":
                estimator = estimator.calibrated_classifiers_[0].estimator
            seen[name] = estimator[0].n_samples_seen_
            chosen[name] = read(tmp_path / name / "metrics.json")["chosen"]
        assert chosen["apart"] == chosen["refitted"]
        (fold, *_) = published_folds("ravdess").folds
        assert seen["refitted"] / seen["apart"] == (len(fold.train) + len(fold.validation)) / len(fold.train)

    def test_classify_rejects_changed_folds(self, hyper, three_folds, tmp_path, capsys):
        mine = tmp_path / "mine.json"
        folds = read_folds(three_folds)
        common = ["--hypercolumns", str(hyper), "--feature", "h1", "--folds", str(mine), "--out", str(tmp_path / "svm")]
        write_folds(mine, folds)
        for fold in ("0", "all"):
            assert classify.main([*common, "--fold", fold, "--out", str(tmp_path / fold)]) == 0
        write_folds(mine, dataclasses.replace(folds, description="the same in other words"))
        for fold in ("0", "all"):
            assert classify.main([*common, "--fold", fold, "--out", str(tmp_path / fold)]) == 0
        first = folds.folds[0]
        changed = dataclasses.replace(first, validation=first.train[:1], train=(*first.validation, *first.train[1:]))
        write_folds(mine, dataclasses.replace(folds, folds=(changed, *folds.folds[1:])))
        for fold in ("0", "all"):
            assert classify.main([*common, "--fold", fold, "--out", str(tmp_path / fold)]) == 2
            assert "its content of folds is" in capsys.readouterr().err

    def test_classify_rejects_changed_records(self, hyper, tmp_path, capsys):
        shutil.copytree(hyper, tmp_path / "hyper")
        config = read(tmp_path / "hyper" / "config.json")
        config["inputs"]["records"] = ["of others"]
        (tmp_path / "hyper" / "config.json").write_text(json.dumps(config))
        assert classify.main(["--hypercolumns", str(tmp_path / "hyper"), "--out", str(tmp_path / "run")]) == 2
        assert "has changed since" in capsys.readouterr().err

    def test_refit_rejects_selection_on_test(self, hyper, tmp_path, capsys):
        options = ["--hypercolumns", hyper, "--select-on", "test", "--refit-on-validation", "--out", tmp_path / "x"]
        assert classify.main([str(one) for one in options]) == 2
        assert "--refit-on-validation would train on them" in capsys.readouterr().err

    def test_transductive_is_recorded_per_fold(self, hyper, tmp_path):
        # The network excludes only fold 0's test speakers; it has seen those of every other fold.
        run("classify", "--hypercolumns", hyper, "--fold", "all", "--out", tmp_path / "run")
        metrics = read(tmp_path / "run" / "metrics.json")
        assert [row["transductive"] for row in metrics["folds"]] == [False, True, True, True, True]
        assert metrics["transductive"]

    @pytest.mark.slow  # pretrains three networks
    def test_network_per_fold_is_not_transductive(self, work, three_folds, tmp_path):
        records = work / "records" / "ravdess"
        common = ["--fold", "all", "--folds", three_folds]
        run("pretrain", "--records", records, *MODEL, "--epochs", "1", *common, "--out", tmp_path / "fop")
        run("extract", "--records", records, "--pretrained", tmp_path / "fop", "--out", tmp_path / "hyper")
        run("classify", "--hypercolumns", tmp_path / "hyper", *common, "--out", tmp_path / "run")
        assert [row["transductive"] for row in read(tmp_path / "run" / "metrics.json")["folds"]] == [False] * 3


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--loss", "contrastive", "--horizons", "1", "3"], marks=pytest.mark.slow),
        [
            "--loss",
            "gaussian",
            "--horizons",
            "2",
            "5",
            "--clip-norm",
            "1",
            "--accumulate",
            "2",
            "--weight-decay",
            "0.01",
        ],
        pytest.param(
            [
                "--backbone",
                "cnn",
                "--schedule",
                "cosine",
                "--warmup-share",
                "0.2",
                "--time-mask",
                "9",
                "--freq-mask",
                "9",
            ],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--backbone", "lstm", "--stacked-frames", "2", "--horizons", "2", "--loss", "contrastive"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda options: "-".join(options[:2]),
)
@pytest.mark.slow  # every stage for each objective
def test_objectives_and_backbones_in_every_stage(work, tmp_path, options):
    records = work / "records" / "ravdess"
    run("pretrain", "--records", records, *MODEL, *options, "--fold", "0", "--epochs", "2", "--out", tmp_path / "pre")
    metrics = read(tmp_path / "pre" / "metrics.json")
    assert metrics["skill"] > metrics["untrained_skill"]
    several = "--horizons" in options and "contrastive" not in options
    assert list(metrics["skill_by_horizon"]) == (["2", "5"] if several else [])
    assert (tmp_path / "pre" / "examples.npz").exists() == ("contrastive" not in options)
    assert len(metrics["history"]["gradient_norm"]) == 2
    pretrained = ["--records", records, "--pretrained", tmp_path / "pre"]
    run("extract", *pretrained, "--out", tmp_path / "hyper")
    run("classify", "--hypercolumns", tmp_path / "hyper", "--feature", "h2", "--out", tmp_path / "svm")
    run("finetune", *pretrained, "--epochs", "1", "--out", tmp_path / "ft")
    assert not read(tmp_path / "ft" / "metrics.json")["transductive"]


@pytest.mark.slow  # attention over 3400 frames
def test_stages_accept_long_utterances(tmp_path):
    """An utterance of 34 s, the longest of IEMOCAP, passes through the stages whole, together with short ones."""
    speakers = ("anna", "bert", "carl", "dora")
    emotions = ("happy", "sad")
    mels = toy_utterances(speakers=speakers, per_speaker=4, emotions=emotions, frames=(20, 300))
    mels |= {
        dataclasses.replace(key, id=f"long-{key.id}"): mel
        for key, mel in toy_utterances(speakers=speakers, per_speaker=1, emotions=emotions, frames=(3400, 3400)).items()
    }
    write_toy_records(tmp_path / "records", mels)
    records = ["--records", tmp_path / "records"]
    run("pretrain", *records, *MODEL, "--chunk-frames", "0", "--fold", "0", "--epochs", "1", "--out", tmp_path / "pre")
    run("extract", *records, "--pretrained", tmp_path / "pre", "--out", tmp_path / "hyper")
    run("finetune", *records, "--pretrained", tmp_path / "pre", "--epochs", "1", "--out", tmp_path / "ft")
    assert read(tmp_path / "hyper" / "metrics.json")["utterances"] == 20
    assert read(tmp_path / "ft" / "metrics.json")["n"] > 0


def test_diverged_training_is_reported(work, tmp_path, capsys, eager):
    from ser_fop.pipelines import pretrain

    options = ["--records", work / "records" / "ravdess", *MODEL, *FEW_STEPS]
    options += ["--learning-rate", "1e30", "--loss", "mse"]
    arguments = [*options, "--epochs", "2", "--out", tmp_path / "pre"]
    assert pretrain.main([str(argument) for argument in arguments]) == 2
    assert "and lower --learning-rate or add --clip-norm." in capsys.readouterr().err


@pytest.mark.slow  # eight stages
def test_stacked_frames_in_every_stage(work, tmp_path, capsys):
    from ser_fop.pipelines import pretrain

    records = work / "records" / "ravdess"
    common = ["--records", records, *MODEL, "--stacked-frames", "3", "--fold", "0", "--epochs", "1"]
    assert pretrain.main([str(argument) for argument in (*common, "--out", tmp_path / "refused")]) == 2
    assert "at least 3, the frames of a step" in capsys.readouterr().err
    run("pretrain", *common, "--horizons", "3", "--out", tmp_path / "pretrain")
    pretrained = ["--records", records, "--pretrained", tmp_path / "pretrain"]
    run("finetune", *pretrained, "--epochs", "1", "--attention", "full", "--out", tmp_path / "finetune")
    run("extract", *pretrained, "--out", tmp_path / "hyper")
    assert read(tmp_path / "hyper" / "metrics.json")["widths"] == {
        "F": 240,
        "h1": 16,
        "h2": 16,
        "h_add": 16,
        "h_concat": 272,
    }
    for classifier in ("svm", "a_lstm"):
        options = ["--feature", "h_concat", "--classifier", classifier, "--lstm-epochs", "1"]
        run("classify", "--hypercolumns", tmp_path / "hyper", *options, "--out", tmp_path / classifier)
