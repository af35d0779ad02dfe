"""Run folders of version 0.1.0, which have the former names of settings and classes, still load."""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from ser_fop.pipelines import classify, extract, finetune, prepare, pretrain, report

from ser_fop.config.parsing import parse
from ser_fop.errors import InputError
from ser_fop.experiments.job_cache import JobCache
from ser_fop.experiments.jobs import Sizes
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.hub.networks import load_network
from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled
from ser_fop.inference.loading import load
from ser_fop.utils.json_io import read_json

ARCHIVE = Path(__file__).parent / "runs_0_1_0.tar.xz"
SIZE = ["--d-model", "8", "--heads", "2", "--feed-forward", "11", "--layers", "1"]
# The front end of the folders removed nothing below speech.
FORMER = ["--remove-below-hz", "0"]
# The commands that wrote the folders.
COMMANDS = {
    "records": (
        prepare.main,
        [
            "--corpus",
            "csv",
            "--audio-dir",
            "audio",
            "--manifest",
            "metadata.csv",
            "--name",
            "toy",
            "--mels",
            "20",
            *FORMER,
        ],
    ),
    "pretrain": (pretrain.main, ["--records", "records", "--fold", "0", *SIZE, "--ahead", "2", "--epochs", "1"]),
    "finetune": (
        finetune.main,
        ["--records", "records", "--pretrained", "pretrain", "--fold", "0", "--epochs", "1"],
    ),
    "hyper": (extract.main, ["--records", "records", "--pretrained", "pretrain"]),
    "svm": (
        classify.main,
        ["--hypercolumns", "hyper", "--feature", "h1", "--classifier", "svm", "--svm-c", "1"],
    ),
    "a_lstm": (
        classify.main,
        [
            "--hypercolumns",
            "hyper",
            "--feature",
            "h1",
            "--classifier",
            "a_lstm",
            "--lstm-units",
            "4",
            "--lstm-epochs",
            "1",
        ],
    ),
}


@pytest.fixture
def former(tmp_path, monkeypatch):
    """Extract the folders to a temporary folder, and make it the working directory."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    for path in tmp_path.rglob("*.json"):
        path.write_text(path.read_text().replace("@ROOT@", str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_same_command_accepts_former_folder_as_complete(name, former, capsys):
    main, options = COMMANDS[name]
    assert main([*options, "--out", name]) == 0
    assert f"{name} is complete." in capsys.readouterr().out


def test_present_front_end_is_refused_for_former_records(former, capsys):
    main, options = COMMANDS["records"]
    assert main([*options[: -len(FORMER)], "--out", "records"]) == 2
    assert "its features.remove_below_hz is 0.0, now 60.0" in capsys.readouterr().err


def test_changed_setting_is_rejected_by_its_present_name(former, capsys):
    main, options = COMMANDS["pretrain"]
    assert main([*options, "--ahead", "3", "--out", "pretrain"]) == 2
    assert "its config.training.horizons is [2], now [3]" in capsys.readouterr().err.replace(
        "its training.horizons", "its config.training.horizons"
    )


@pytest.mark.parametrize("name", ["pretrain", "finetune", "a_lstm", "finetune/saved_model", "exported/1"])
def test_former_network_loads(name, former):
    network, spec = load_network(former / name)
    assert all(np.isfinite(weight).all() for weight in network.get_weights())
    assert set(spec.seen_speakers) <= {f"toy:{speaker}" for speaker in "abcdef"}
    assert spec.seen_speakers


def test_former_native_weights_equal_saved_model_weights(former):
    native, saved = (load_network(former / name)[0] for name in ("finetune", "finetune/saved_model"))
    for one, other in zip(native.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_former_saved_model_of_log_mels_is_not_loaded_for_recordings(former):
    with pytest.raises(InputError, match="accepts only log-mels: give a model of `ser-fop export`"):
        load(former / "finetune" / "saved_model")


def test_former_network_extracts_equal_hypercolumns(former):
    before = read_pooled(former / "hyper" / ARRAYS)
    _, options = COMMANDS["hyper"]
    assert extract.main([*options, "--out", "again"]) == 0
    again = read_pooled(former / "again" / ARRAYS)
    assert list(again.ids) == list(before.ids)
    for name, values in before.arrays.items():
        np.testing.assert_allclose(again.arrays[name], values, atol=1e-5)


@pytest.mark.parametrize("name", ["finetune", "svm", "a_lstm", "exported"])
def test_former_run_predicts(name, former):
    samples = 0.1 * np.random.default_rng(0).normal(size=16000).astype(np.float32)
    prediction = load(former / name, detect_speech=False).predict(samples, sample_rate_hz=16000)
    assert prediction.emotion in ("happy", "sad")


def test_former_network_can_be_fine_tuned(former):
    _, options = COMMANDS["finetune"]
    assert finetune.main([*options, "--seed", "1", "--out", "more"]) == 0
    assert "toy:" in read_json(former / "more" / "config.json")["seen_speakers"][0]


def test_report_of_former_experiment_can_be_written(former):
    assert report.main(["--run", "reproduce"]) == 0
    assert (former / "reproduce" / "report" / "tables.json").exists()


def test_former_keys_of_yaml_file_are_translated_with_a_note(former, capsys):
    config = parse("reproduce", ReproduceConfig, ["--config", "exp.yaml", "--out", "new"])
    assert config.pretraining.horizons == (1, 2)
    assert config.model.residual_width == "input"
    assert config.compare_with == ()
    assert "'ahead' is now 'horizons'" in capsys.readouterr().err


def test_former_job_cache_is_restored(former):
    options = ["--config", "exp.yaml", "--audio-dir", "audio", "--manifest", "metadata.csv", "--cache-dir", "kept"]
    options += ["--features.remove-below-hz", "0"]
    config = parse("reproduce", ReproduceConfig, [*options, "--out", str(former / "new")])
    shutil.copytree(former / "reproduce" / "records", former / "new" / "records")
    shutil.copy(former / "reproduce" / "folds.json", former / "new")
    (jobs,) = training_jobs(config, Sizes(labelled_frames=0, unlabelled_frames=0, folds=5))
    assert JobCache(config, jobs).restore() == len(jobs)
