"""The systems that the paper compares with: each learns something real, through the stages."""

import pytest
from ser_fop.pipelines import finetune, pretrain

from ser_fop.experiments.baselines import BASELINES, model_changes
from ser_fop.hub.networks import load_network
from tests.stages import MODEL, check_transfer, metrics_of, run

# What `reproduce` gives each supervised system beside the FOP network's own settings.
SUPERVISED = {
    name: [
        str(part)
        for key, value in {**model_changes(baseline, 1), **baseline.finetuning}.items()
        for part in (f"--{key.replace('_', '-')}", value)
    ]
    for name, baseline in BASELINES.items()
    if not baseline.functionals and baseline.pretraining is None
}
EPOCHS = ["--epochs", "15", "--patience", "15", "--learning-rates", "5e-3", "--dropout", "0", "--batch-size", "8"]


@pytest.mark.parametrize("system", SUPERVISED)
def test_each_supervised_one_learns_above_its_untrained_self(work, tmp_path, system):
    options = ["--records", work / "records" / "ravdess", *MODEL, *SUPERVISED[system]]
    run("finetune", *options, *EPOCHS, "--out", tmp_path / "trained")
    idle = ["--epochs", "1", "--learning-rates", "1e-12", "--dropout", "0"]
    run("finetune", *options, *idle, "--out", tmp_path / "untrained")
    trained, untrained = (metrics_of(tmp_path / name) for name in ("trained", "untrained"))
    assert trained["ua"] > untrained["ua"] + 0.15
    assert not trained["transductive"]
    # What is saved answers alone, without what it was trained with.
    network, spec = load_network(tmp_path / "trained")
    assert spec.kind == "emotion_classifier"
    assert set(network.backbone.inputs_by_name()) == {"mel", "mask"}


def test_arousal_and_valence_are_learned_where_they_are_known(tmp_path, capfd):
    from ser_fop.testing.fake_corpora import fake_iemocap

    fake_iemocap(tmp_path / "audio")
    run("prepare", "--corpus", "iemocap", "--audio-dir", tmp_path / "audio", "--out", tmp_path / "records")
    options = ["--records", tmp_path / "records", *MODEL, "--epochs", "1", "--dimensional-loss-weight", "0.5"]
    run("finetune", *options, "--out", tmp_path / "views")
    assert "classes alone" not in capfd.readouterr().out
    assert load_network(tmp_path / "views")[1].kind == "emotion_classifier"


def test_a_corpus_without_them_says_so(work, tmp_path, capfd):
    options = ["--records", work / "records" / "ravdess", *MODEL, "--epochs", "1", "--dimensional-loss-weight", "0.5"]
    run("finetune", *options, "--out", tmp_path / "out")
    assert "no arousal and valence: training is on classes alone" in capfd.readouterr().out


@pytest.fixture(scope="module")
def ladder(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("ladder") / "ladder"
    options = ["--task", "ladder", "--epochs", "12", "--batch-frames", "400", "--learning-rate", "5e-3", "--noise", "1"]
    records = [work / "records" / "ravdess", work / "records" / "librispeech"]
    run("pretrain", "--records", *records, *MODEL, *options, "--fold", "0", "--out", out)
    return out


def test_the_ladder_learns_and_is_transferred_as_the_predictor_is(work, ladder, tmp_path):
    metrics = metrics_of(ladder)
    assert metrics["skill"] > metrics["untrained_skill"] + 0.1
    check_transfer(work / "records" / "ravdess", ladder, tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--strategy", "mirrored"], "on one device: drop --strategy"),
        (["--ladder-costs", "-1"], "ladder_costs expected"),
        (["--noise", "-0.5"], "noise must not be negative"),
    ],
)
def test_what_a_ladder_cannot_be_is_one_line(work, tmp_path, capsys, options, said):
    told = ["--records", work / "records" / "ravdess", *MODEL, "--task", "ladder", *options, "--out", tmp_path / "out"]
    assert pretrain.main([str(option) for option in told]) == 2
    assert said in capsys.readouterr().err


def test_a_ladder_without_labels_is_one_line(work, tmp_path, capsys):
    told = ["--records", work / "records" / "librispeech", *MODEL, "--task", "ladder", "--out", tmp_path / "out"]
    assert pretrain.main([str(option) for option in told]) == 2
    assert "none of the records has emotion labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--backbone", "attentive_cnn"], "looks ahead too, and so cannot predict"),
        (["--contrastive-weight", "-1"], "contrastive_weight must not be negative"),
        (["--contrastive-weight", "1", "--dimensional-loss-weight", "1"], "stands beside no contrastive_weight"),
    ],
)
def test_what_cannot_be_trained_is_one_line(work, tmp_path, capsys, options, said):
    told = ["--records", work / "records" / "ravdess", *MODEL, *options, "--out", tmp_path / "out"]
    assert finetune.main([str(option) for option in told]) == 2
    assert said in capsys.readouterr().err


def test_codes_of_features(hyper, tmp_path, capsys):
    """The codes of functionals, here of hypercolumns: above chance, and no one mistakes them for features."""
    from ser_fop.pipelines import classify, predict

    for code in ("denoising", "ladder"):
        small = ["--code-widths", "32", "16", "--code-epochs", "60"]
        run("classify", "--hypercolumns", hyper, "--feature", "F", "--code", code, *small, "--out", tmp_path / code)
        metrics = metrics_of(tmp_path / code)
        assert metrics["ua"] > 2 / 8
        assert metrics["code"] == code
        assert metrics["parameters"] > 80 * 32  # what it reads to its first layer, and more
        assert (tmp_path / code / "code.npz").exists()
    assert predict.main(["--model", str(tmp_path / "ladder"), str(tmp_path / "a.wav")]) == 2
    assert "reads a ladder code of features" in capsys.readouterr().err
    told = ["--hypercolumns", str(hyper), "--classifier", "a_lstm", "--code", "ladder", "--out", str(tmp_path / "out")]
    assert classify.main(told) == 2
    assert "is one of utterances: --classifier a_lstm reads frames" in capsys.readouterr().err
