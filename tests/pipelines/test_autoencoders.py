"""Autoencoders as pretraining tasks: training and transfer to the other stages."""

import numpy as np
import pytest
from ser_fop.pipelines import pretrain

from ser_fop.data.augmentation import input_noise
from ser_fop.data.datasets import unlabelled_batches
from ser_fop.data.records import Records, mel_moments
from ser_fop.hub.networks import load_network
from ser_fop.training.callbacks.resume import Fitted
from tests.stages import MODEL, check_transfer, metrics_of, run

pytestmark = pytest.mark.usefixtures("released_each")

TASKS = ("autoencoder", "denoising", "variational")


@pytest.fixture(scope="module", params=TASKS)
def task(request):
    return request.param


@pytest.fixture(scope="module")
def trained(work, tmp_path_factory, task):
    out = tmp_path_factory.mktemp("task") / task
    options = ["--task", task, "--epochs", "12", "--batch-frames", "400", "--learning-rate", "5e-3"]
    options += ["--noise", "1", "--code", "8", "--kl-warmup-steps", "200", "--dropout", "0"]
    run(
        "pretrain",
        "--records",
        work / "records" / "ravdess",
        *MODEL,
        *options,
        "--fold",
        "0",
        "--out",
        out,
        traced=True,
    )
    return out


@pytest.mark.slow  # pretrains a network
def test_autoencoder_training_improves_skill(trained):
    metrics = metrics_of(trained)
    assert metrics["skill"] > metrics["untrained_skill"] + 0.1
    assert metrics["history"]["val_error"][-1] < metrics["history"]["val_error"][0]


@pytest.mark.slow
def test_autoencoder_transfers_to_other_stages(work, trained, tmp_path):
    check_transfer(work / "records" / "ravdess", trained, tmp_path)


@pytest.mark.slow
def test_autoencoder_accepts_stacked_frames(work, tmp_path, task):
    options = ["--task", task, "--stacked-frames", "3", "--epochs", "1", "--out", tmp_path / "out"]
    run("pretrain", "--records", work / "records" / "ravdess", *MODEL, *options)
    assert np.isfinite(metrics_of(tmp_path / "out")["error"])


@pytest.mark.parametrize("task", ["denoising"], indirect=True)
@pytest.mark.slow  # pretrains a network
def test_denoising_network_removes_noise(work, trained, tmp_path, task):
    """The output of the trained network is closer to the clean frames than its input; untrained, it is not."""
    records = Records(work / "records" / "ravdess")
    parts = [(records, {row.id for row in records.of_speakers(["Actor_02", "Actor_05"])})]
    mean, std = mel_moments([(records, {row.id for row in records.rows})])
    add_noise = input_noise(noise=1.0, mask_ratio=0.15, mean=mean, std=std)

    def remaining_noise(folder):
        network, _ = load_network(folder)
        input_distance = output_distance = 0.0
        for inputs, target, weight in unlabelled_batches(parts, horizons=(0,), batch_size=8, batch_frames=2000):
            noisy = add_noise(inputs["mel"], np.array([1, 2]))
            input_distance += distance(noisy, target, weight)
            output_distance += distance(network({**inputs, "mel": noisy}, training=False), target, weight)
        return output_distance / input_distance

    def distance(frames, target, weight):
        return (np.abs(np.asarray(frames) - np.asarray(target)).mean(axis=-1) * np.asarray(weight)).sum()

    options = ["--task", task, "--epochs", "0", "--code", "8", "--fold", "0", "--out", tmp_path / "untrained"]
    run("pretrain", "--records", work / "records" / "ravdess", *MODEL, *options)
    assert remaining_noise(trained) < 0.8 < 1.0 < remaining_noise(tmp_path / "untrained")


@pytest.mark.parametrize(("task", "error"), [("variational", 0.4), ("autoencoder", 0.1)], indirect=["task"])
@pytest.mark.slow  # pretrains a network
def test_best_epoch_excludes_kl_warmup(work, tmp_path, monkeypatch, task, error):
    """The KL warm-up takes two of four epochs, which cannot be the best epoch; other tasks consider all epochs."""
    seen = {}

    def fitted(*_, stopping, **__):
        seen["first"] = stopping.first
        return Fitted(history={"loss": [1.0] * 4, "val_error": [0.1, 0.2, 0.5, 0.4]}, seconds=1.0)

    monkeypatch.setattr(pretrain, "fit_resumably", fitted)
    options = [
        "--task",
        task,
        "--epochs",
        "4",
        "--kl-warmup-steps",
        "100000",
        "--fold",
        "0",
        "--out",
        tmp_path / "out",
    ]
    run("pretrain", "--records", work / "records" / "ravdess", *MODEL, *options)
    assert metrics_of(tmp_path / "out")["error"] == error
    assert seen["first"] == (2 if task == "variational" else 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "autoencoder", "--loss", "contrastive"], "expected l1, mse or huber"),
        (["--task", "variational", "--code", "0"], "code of at least 1"),
        (["--task", "denoising", "--noise", "0", "--mask-ratio", "0"], "not 0 where noise is"),
        (["--task", "autoencoder", "--code", "80"], "less than 80, the values of a step"),
    ],
)
def test_pretrain_rejects_bad_autoencoder_options(work, tmp_path, capsys, options, message):
    arguments = ["--records", work / "records" / "ravdess", *MODEL, *options, "--out", tmp_path / "out"]
    assert pretrain.main([str(option) for option in arguments]) == 2
    assert message in capsys.readouterr().err
