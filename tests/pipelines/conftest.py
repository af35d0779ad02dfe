"""Small records and runs, made once, by the stages themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
from ser_fop.pipelines import classify, extract, finetune, prepare, pretrain

from ser_fop.folds import speaker_folds, write_folds
from ser_fop.saved_model import load_network
from ser_fop.testing.fake_corpora import fake_librispeech, fake_ravdess

MODEL = ["--d-model", "16", "--heads", "2", "--feed-forward", "16"]
MAINS = {
    "prepare": prepare.main,
    "pretrain": pretrain.main,
    "finetune": finetune.main,
    "extract": extract.main,
    "classify": classify.main,
}


def run(stage: str, *arguments: object) -> None:
    """Run a stage that must succeed."""
    assert MAINS[stage]([str(argument) for argument in arguments]) == 0


def metrics_of(folder: Path) -> dict:
    """Return the figures of a run."""
    return json.loads((folder / "metrics.json").read_text())


def check_transfer(records: Path, pretrained: Path, out: Path) -> None:
    """Hand a network on as the frame predictor is: to an SVM, to fine-tuning, and by its SavedModel alone."""
    run("extract", "--records", records, "--pretrained", pretrained, "--out", out / "hyper")
    run("classify", "--hypercolumns", out / "hyper", "--feature", "h2", "--out", out / "svm")
    run("finetune", "--records", records, "--pretrained", pretrained, "--epochs", "1", "--out", out / "ft")
    assert not metrics_of(out / "ft")["transductive"]
    one, other = (load_network(place)[0] for place in (pretrained, pretrained / "saved_model"))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Path:
    """A folder with audio, records and two pretrained networks."""
    root = tmp_path_factory.mktemp("work")
    fake_ravdess(root / "audio" / "ravdess", odd_cases=False)
    fake_librispeech(root / "audio" / "librispeech", speakers=4)
    for corpus in ("ravdess", "librispeech"):
        run("prepare", "--corpus", corpus, "--audio-dir", root / "audio" / corpus, "--out", root / "records" / corpus)
    common = ["--records", root / "records" / "ravdess", *MODEL, "--epochs", "1"]
    run("pretrain", *common, "--fold", "0", "--out", root / "inductive")
    run("pretrain", *common, "--out", root / "transductive")
    return root


@pytest.fixture(scope="session")
def three_folds(work) -> Path:
    """A fold file with fewer folds than the published one."""
    folds = speaker_folds("ravdess", [f"Actor_{number:02d}" for number in range(1, 25)], count=3)
    write_folds(work / "three_folds.json", folds)
    return work / "three_folds.json"


@pytest.fixture(scope="session")
def hyper(work) -> Path:
    """Hypercolumns of the network that left fold 0's test speakers out."""
    run(
        "extract",
        "--records",
        work / "records" / "ravdess",
        "--pretrained",
        work / "inductive",
        "--out",
        work / "hyper",
    )
    return work / "hyper"
