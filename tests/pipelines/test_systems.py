"""The systems that the paper compares with, on the embedded synthetic corpus: each learns, and each is a row of Table 3."""

import json

import pytest
from ser_fop.pipelines import functionals, reproduce

from ser_fop.experiments.baselines import BASELINES, SYSTEMS, VARIANTS
from tests.pipelines.test_baselines import SUPERVISED
from tests.stages import metrics_of, run

pytestmark = pytest.mark.slow  # trains a dozen networks on a quarter of an hour of speech

SIZE = ["--d-model", "32", "--heads", "2", "--feed-forward", "32"]
UNSUPERVISED = ("autoencoder", "denoising", "variational", "ladder")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """Records of the synthetic corpus, one step each 40 ms."""
    pytest.importorskip("espeakng_loader")
    root = tmp_path_factory.mktemp("synthetic")
    run("prepare", "--corpus", "synthetic", "--audio-dir", root / "audio", "--out", root / "records")
    return root


@pytest.mark.parametrize("system", SUPERVISED)
def test_a_supervised_one_recognises_more_than_untrained(synthetic, tmp_path, system):
    options = ["--records", synthetic / "records", *SIZE, "--stacked-frames", "4", *SUPERVISED[system]]
    trained = ["--epochs", "25", "--patience", "25", "--learning-rates", "3e-3", "--batch-size", "8"]
    run("finetune", *options, *trained, "--out", tmp_path / "trained")
    run("finetune", *options, "--epochs", "1", "--learning-rates", "1e-12", "--out", tmp_path / "untrained")
    assert metrics_of(tmp_path / "trained")["ua"] > metrics_of(tmp_path / "untrained")["ua"] + 0.1


@pytest.mark.parametrize("system", UNSUPERVISED)
def test_an_unsupervised_one_gives_back_and_says_more_than_untrained(synthetic, tmp_path, system):
    """Its frames are nearer, and its top states, without the frames themselves beside them, tell more emotions."""
    records = ["--records", synthetic / "records"]
    options = [*records, *SIZE, "--stacked-frames", "4", "--task", system, "--fold", "0", "--kl-warmup-steps", "50"]
    options += ["--learning-rate", "3e-3", "--batch-size", "8", "--chunk-frames", "128"]
    recalls = []
    for name, epochs in (("trained", 12), ("untrained", 0)):
        place = tmp_path / name
        run("pretrain", *options, "--epochs", epochs, "--out", place / "network")
        run("extract", *records, "--pretrained", place / "network", "--out", place / "hyper")
        run("classify", "--hypercolumns", place / "hyper", "--feature", "h2", "--out", place / "svm")
        recalls.append(metrics_of(place / "svm")["ua"])
    metrics = metrics_of(tmp_path / "trained" / "network")
    assert metrics["skill"] > max(0.0, metrics["untrained_skill"]) + 0.1
    assert recalls[0] > recalls[1]


@pytest.fixture(scope="module")
def sounds(synthetic):
    """eGeMAPS functionals of the synthetic corpus."""
    pytest.importorskip("opensmile")
    out = synthetic / "functionals"
    told = ["--records", synthetic / "records", "--audio-dir", synthetic / "audio", "--sets", "eGeMAPSv02"]
    assert functionals.main([str(one) for one in [*told, "--out", out]]) == 0
    return out


@pytest.mark.parametrize("classifier", ["svm", "rf"])
def test_functionals_say_what_is_felt(sounds, tmp_path, classifier):
    """They tell twice as many emotions as chance would."""
    options = ["--feature", "eGeMAPSv02", "--classifier", classifier, "--fold", "all"]
    run("classify", "--hypercolumns", sounds, *options, "--out", tmp_path / "told")
    metrics = metrics_of(tmp_path / "told")
    assert metrics["ua"] > 2 / len(metrics["labels"])


@pytest.mark.parametrize("code", ["denoising", "ladder"])
def test_a_code_of_functionals_says_more_than_an_untrained_one(sounds, tmp_path, code):
    options = ["--hypercolumns", sounds, "--feature", "eGeMAPSv02", "--code", code, "--fold", "all"]
    for name, epochs in (("trained", 60), ("untrained", 0)):
        run("classify", *options, "--code-epochs", epochs, "--code-widths", "32", "8", "--out", tmp_path / name)
    trained, untrained = (metrics_of(tmp_path / name)["ua"] for name in ("trained", "untrained"))
    assert trained > untrained + 0.1


def test_every_system_is_a_row_of_table_3(work, tmp_path):
    """`reproduce --systems all`, and the variants, small, on a corpus without arousal and valence."""
    pytest.importorskip("opensmile")
    config = {
        "compare_with": [],
        "systems": ["all", *VARIANTS],
        "labels": ["angry", "happy", "neutral", "sad"],
        "cross_validation": False,
        "model": {"d_model": 8, "heads": 2, "feed_forward": 8, "layers": 2},
        "pretraining": {"epochs": 1},
        "finetuning": {"epochs": 1, "keep": "last", "train_on_validation": True},
        "classifiers": {
            "lstm_epochs": 1,
            "lstm_units": 4,
            "rf_trees": 10,
            "svm_c": [1.0],
            "code_epochs": 1,
            "code_widths": [8, 4],
            "refit_on_validation": True,
        },
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    told = ["--config", tmp_path / "c.yaml", "--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess"]
    assert reproduce.main([str(one) for one in [*told, "--out", tmp_path / "out"]]) == 0
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
    # What a network was pretrained for is part of what its rows cost.
    alone = metrics_of(tmp_path / "out" / "runs" / "seed-0" / "classify-ladder-h_concat-svm")["seconds"] / 3600
    pretraining = metrics_of(tmp_path / "out" / "runs" / "seed-0" / "pretrain-ladder")["seconds"] / 3600
    assert rows["classify-ladder-h_concat-svm"]["hours"] > alone + pretraining
    page = (tmp_path / "out" / "report" / "tables.md").read_text()
    assert "Table 3 with the systems that the paper compares with, single fold" in page
