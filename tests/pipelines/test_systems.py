"""The baselines of Table 3 on the embedded synthetic corpus."""

import functools
import json

import pytest
from ser_fop.pipelines import functionals, reproduce

from ser_fop.experiments.baselines import BASELINES, SYSTEMS, VARIANTS
from tests.pipelines.test_baselines import SUPERVISED
from tests.stages import eager_steps, metrics_of
from tests.stages import run as run_stage

pytestmark = pytest.mark.slow  # trains a dozen networks on a quarter of an hour of speech

run = functools.partial(run_stage, traced=True)  # many epochs
SIZE = ["--d-model", "32", "--heads", "2", "--feed-forward", "32"]
UNSUPERVISED = ("autoencoder", "denoising", "variational", "ladder")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A folder with audio and records of the synthetic corpus."""
    pytest.importorskip("espeakng_loader")
    root = tmp_path_factory.mktemp("synthetic")
    run("prepare", "--corpus", "synthetic", "--audio-dir", root / "audio", "--out", root / "records")
    return root


@pytest.mark.parametrize("system", SUPERVISED)
def test_supervised_baseline_beats_untrained(synthetic, tmp_path, system):
    options = ["--records", synthetic / "records", *SIZE, "--stacked-frames", "4", *SUPERVISED[system]]
    trained = ["--epochs", "25", "--patience", "25", "--learning-rates", "3e-3", "--batch-size", "8"]
    run("finetune", *options, *trained, "--out", tmp_path / "trained")
    run("finetune", *options, "--epochs", "1", "--learning-rates", "1e-12", "--out", tmp_path / "untrained")
    assert metrics_of(tmp_path / "trained")["ua"] > metrics_of(tmp_path / "untrained")["ua"] + 0.1


@pytest.mark.parametrize("system", UNSUPERVISED)
def test_unsupervised_baseline_reconstructs_and_keeps_emotions(synthetic, tmp_path, system):
    """Training lowers the reconstruction error, and an SVM on the last layer alone is well above chance.

    Recall is not compared with an untrained network: on this corpus, the two differ by less than the noise.
    """
    records = ["--records", synthetic / "records"]
    options = [*records, *SIZE, "--stacked-frames", "4", "--task", system, "--fold", "0", "--kl-warmup-steps", "50"]
    options += ["--learning-rate", "3e-3", "--batch-size", "8", "--chunk-frames", "128"]
    run("pretrain", *options, "--epochs", 12, "--out", tmp_path / "network")
    run("extract", *records, "--pretrained", tmp_path / "network", "--out", tmp_path / "hyper")
    # A ladder network knows the labels of the other folds' test speakers.
    fold = ["--fold", "0" if system == "ladder" else "all"]
    run("classify", "--hypercolumns", tmp_path / "hyper", "--feature", "h2", *fold, "--out", tmp_path / "svm")
    metrics = metrics_of(tmp_path / "network")
    assert metrics["skill"] > max(0.0, metrics["untrained_skill"]) + 0.1
    recognised = metrics_of(tmp_path / "svm")
    assert recognised["ua"] > 1 / len(recognised["labels"]) + 0.1


@pytest.fixture(scope="module")
def functionals_folder(synthetic):
    """eGeMAPS functionals of the synthetic corpus."""
    pytest.importorskip("opensmile")
    out = synthetic / "functionals"
    arguments = ["--records", synthetic / "records", "--audio-dir", synthetic / "audio", "--sets", "eGeMAPSv02"]
    assert functionals.main([str(one) for one in [*arguments, "--out", out]]) == 0
    return out


@pytest.mark.parametrize("classifier", ["svm", "rf"])
def test_functionals_reach_twice_chance(functionals_folder, tmp_path, classifier):
    options = ["--feature", "eGeMAPSv02", "--classifier", classifier, "--fold", "all"]
    run("classify", "--hypercolumns", functionals_folder, *options, "--out", tmp_path / "run")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["ua"] > 2 / len(metrics["labels"])


@pytest.mark.parametrize("code", ["denoising", "ladder"])
def test_code_of_functionals_beats_untrained(functionals_folder, tmp_path, code):
    options = ["--hypercolumns", functionals_folder, "--feature", "eGeMAPSv02", "--code", code, "--fold", "all"]
    for name, epochs in (("trained", 60), ("untrained", 0)):
        run("classify", *options, "--code-epochs", epochs, "--code-widths", "32", "8", "--out", tmp_path / name)
    trained, untrained = (metrics_of(tmp_path / name)["ua"] for name in ("trained", "untrained"))
    assert trained > untrained + 0.1


def test_table_3_has_a_row_for_every_baseline(work, tmp_path, monkeypatch):
    """Run `reproduce --systems all` with the variants, on a corpus without arousal and valence."""
    pytest.importorskip("opensmile")
    config = {
        "compare_with": [],
        "workers": 1,
        "systems": ["all", *VARIANTS],
        "labels": ["angry", "happy", "neutral", "sad"],
        "cross_validation": False,
        "model": {"d_model": 8, "heads": 2, "feed_forward": 8, "layers": 2},
        "pretraining": {"epochs": 1, "batch_size": 128},
        "finetuning": {"epochs": 1, "keep": "last", "train_on_validation": True, "batch_size": 128},
        "classifiers": {
            "lstm_epochs": 1,
            "lstm_units": 0,
            "rf_trees": 10,
            "svm_c": [1.0],
            "code_epochs": 1,
            "code_widths": [8, 4],
            "refit_on_validation": True,
        },
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    monkeypatch.setattr(reproduce, "measure_rates", lambda *_, **__: {"transformer": 1e4, "lstm": 1e4})
    arguments = ["--config", tmp_path / "c.yaml", "--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess"]
    with eager_steps():
        assert reproduce.main([str(one) for one in [*arguments, "--out", tmp_path / "out"]]) == 0
    rows = {
        row["cell"]: row for row in json.loads((tmp_path / "out" / "report" / "tables.json").read_text())["systems"]
    }
    assert {baseline.job for baseline in SYSTEMS.values()} <= set(rows)
    assert len({row["n"] for row in rows.values()}) == 1
    for baseline in BASELINES.values():
        is_network = not baseline.functionals or baseline.code != "none"
        assert (rows[baseline.job]["parameters"] is not None) == is_network
    assert {job for job, row in rows.items() if row["against_control"]} == {
        baseline.job for baseline in VARIANTS.values() if baseline.control
    }
    assert all(row["against_fop"] for job, row in rows.items() if job != "finetune-in_corpus")
    assert "here without arousal and valence" in rows["finetune-attentive_cnn"]["remark"]
    # The cost of a row includes the pretraining of its network.
    alone = metrics_of(tmp_path / "out" / "runs" / "seed-0" / "classify-ladder-h_concat-svm")["seconds"] / 3600
    pretraining = metrics_of(tmp_path / "out" / "runs" / "seed-0" / "pretrain-ladder")["seconds"] / 3600
    assert rows["classify-ladder-h_concat-svm"]["hours"] > alone + pretraining
    page = (tmp_path / "out" / "report" / "tables.md").read_text()
    assert "Table 3 with the systems that the paper compares with, single fold" in page
