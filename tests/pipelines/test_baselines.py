"""The baselines of Table 3, trained through the stages on small data."""

import numpy as np
import pytest
from ser_fop.pipelines import finetune, pretrain

from ser_fop.experiments.baselines import BASELINES, model_changes
from ser_fop.hub.networks import load_network
from tests.stages import MODEL, check_transfer, metrics_of, run

# Options that `reproduce` adds to the FOP network's settings for each supervised baseline.
SUPERVISED = {
    name: [
        str(part)
        for key, value in {**model_changes(baseline, 1), **baseline.finetuning}.items()
        for part in (f"--{key.replace('_', '-')}", value)
    ]
    for name, baseline in BASELINES.items()
    if not baseline.functionals and baseline.pretraining is None
}


@pytest.mark.parametrize("system", SUPERVISED)
@pytest.mark.slow  # trains every baseline
def test_supervised_baseline_saves_a_plain_classifier(work, tmp_path, system):
    """test_systems.py compares the accuracy with that of an untrained network."""
    options = ["--records", work / "records" / "ravdess", *MODEL, *SUPERVISED[system]]
    run("finetune", *options, "--epochs", "1", "--batch-size", "8", "--out", tmp_path / "trained")
    trained = metrics_of(tmp_path / "trained")
    assert np.isfinite(trained["chosen"]["val_loss"])
    assert not trained["transductive"]
    # The saved network has no inputs that only training needs.
    network, spec = load_network(tmp_path / "trained")
    assert spec.kind == "emotion_classifier"
    assert set(network.backbone.inputs_by_name()) == {"mel", "mask"}


def test_finetune_learns_dimensional_labels(tmp_path, capfd):
    from ser_fop.testing.fake_corpora import fake_iemocap

    fake_iemocap(tmp_path / "audio")
    run("prepare", "--corpus", "iemocap", "--audio-dir", tmp_path / "audio", "--out", tmp_path / "records")
    options = ["--records", tmp_path / "records", *MODEL, "--epochs", "1", "--dimensional-loss-weight", "0.5"]
    run("finetune", *options, "--out", tmp_path / "views")
    assert "emotion classes only" not in capfd.readouterr().out
    assert load_network(tmp_path / "views")[1].kind == "emotion_classifier"


def test_finetune_reports_missing_dimensional_labels(work, tmp_path, capfd):
    options = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--dimensional-loss-weight", "0.5"]
    run("finetune", *options, "--out", tmp_path / "out")
    assert "no arousal and valence: training uses the emotion classes only" in capfd.readouterr().out


@pytest.fixture(scope="module")
def ladder(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("ladder") / "ladder"
    options = ["--task", "ladder", "--epochs", "12", "--batch-frames", "400", "--learning-rate", "5e-3", "--noise", "1"]
    records = [work / "records" / "ravdess", work / "records" / "librispeech"]
    run("pretrain", "--records", *records, *MODEL, *options, "--fold", "0", "--out", out, traced=True)
    return out


@pytest.mark.slow
def test_ladder_learns_and_transfers(work, ladder, tmp_path):
    metrics = metrics_of(ladder)
    assert metrics["skill"] > metrics["untrained_skill"] + 0.1
    check_transfer(work / "records" / "ravdess", ladder, tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategy", "mirrored"], "on one device. Drop --strategy"),
        (["--ladder-costs", "-1"], "ladder_costs expected"),
        (["--noise", "-0.5"], "noise expected 0 or more"),
    ],
)
def test_pretrain_rejects_bad_ladder_options(work, tmp_path, capsys, options, message):
    arguments = [
        "--records",
        work / "records" / "ravdess",
        *MODEL,
        "--task",
        "ladder",
        *options,
        "--out",
        tmp_path / "out",
    ]
    assert pretrain.main([str(option) for option in arguments]) == 2
    assert message in capsys.readouterr().err


def test_ladder_rejects_records_without_labels(work, tmp_path, capsys):
    arguments = ["--records", work / "records" / "librispeech", *MODEL, "--task", "ladder", "--out", tmp_path / "out"]
    assert pretrain.main([str(option) for option in arguments]) == 2
    assert "expected records with emotion labels, received none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backbone", "attentive_cnn"], "it uses future frames, so it cannot predict them"),
        (["--contrastive-weight", "-1"], "contrastive_weight of at least 0"),
        (["--contrastive-weight", "1", "--dimensional-loss-weight", "1"], "and 0 together with contrastive_weight"),
    ],
)
def test_finetune_rejects_bad_baseline_options(work, tmp_path, capsys, options, message):
    arguments = ["--records", work / "records" / "ravdess", *MODEL, *options, "--out", tmp_path / "out"]
    assert finetune.main([str(option) for option in arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_classify_with_code(hyper, tmp_path, capsys):
    """A code of pooled features is above chance, and other stages do not accept it as features."""
    from ser_fop.pipelines import classify, predict

    for code in ("denoising", "ladder"):
        small = ["--code-widths", "32", "16", "--code-epochs", "30"]
        run("classify", "--hypercolumns", hyper, "--feature", "F", "--code", code, *small, "--out", tmp_path / code)
        metrics = metrics_of(tmp_path / code)
        assert metrics["ua"] > 2 / 8
        assert metrics["code"] == code
        assert metrics["parameters"] > 80 * 32  # the weights of its first layer, and more
        assert (tmp_path / code / "code.npz").exists()
    assert predict.main(["--model", str(tmp_path / "ladder"), str(tmp_path / "a.wav")]) == 2
    assert "uses a ladder code of the features" in capsys.readouterr().err
    arguments = [
        "--hypercolumns",
        str(hyper),
        "--classifier",
        "a_lstm",
        "--code",
        "ladder",
        "--out",
        str(tmp_path / "out"),
    ]
    assert classify.main(arguments) == 2
    assert "received --classifier a_lstm, which reads frames" in capsys.readouterr().err
