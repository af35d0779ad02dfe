"""Runs the stages in tests, and says of what they made whether it holds."""

import json
from pathlib import Path

import numpy as np
from ser_fop.pipelines import classify, extract, finetune, prepare, pretrain

from ser_fop.hub.networks import load_network

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
