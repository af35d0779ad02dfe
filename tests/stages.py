"""Run stages in tests and check their output."""

import contextlib
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tensorflow as tf
from ser_fop.pipelines import classify, extract, finetune, prepare, pretrain

MODEL = ["--d-model", "16", "--heads", "2", "--feed-forward", "16"]
# Eager steps: few large ones are quicker than many small ones.
FEW_STEPS = ["--batch-size", "128", "--batch-frames", "50000"]
MAINS = {
    "prepare": prepare.main,
    "pretrain": pretrain.main,
    "finetune": finetune.main,
    "extract": extract.main,
    "classify": classify.main,
}


@contextlib.contextmanager
def eager_steps() -> Iterator[None]:
    """Run training steps eagerly: a trace takes longer than the few steps of a small test."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def run(stage: str, *arguments: object, traced: bool = False) -> None:
    """Run a stage and assert that it succeeds.

    Args:
        stage: Name of the stage.
        *arguments: Its command-line arguments.
        traced: Whether training steps are traced, as for users, or run eagerly, with large batches unless the arguments
            set them. The networks of `conftest.py` and the slow tests are traced.
    """
    options = [str(argument) for argument in arguments]
    if stage in ("pretrain", "finetune") and not traced and not set(FEW_STEPS) & set(options):
        options += FEW_STEPS
    with contextlib.nullcontext() if traced else eager_steps():
        assert MAINS[stage](options) == 0


def in_child(function: Callable[..., None], *arguments: object) -> None:
    """Call a function of a module in a process of its own, whose memory is free afterwards.

    Args:
        function: The function.
        *arguments: Its arguments.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(function, *arguments).result()


def metrics_of(folder: Path) -> dict:
    """Return the metrics of a run."""
    return json.loads((folder / "metrics.json").read_text())


def check_transfer(records: Path, pretrained: Path, out: Path) -> None:
    """Check a pretrained network with an SVM and with fine-tuning."""
    run("extract", "--records", records, "--pretrained", pretrained, "--out", out / "hyper")
    run("classify", "--hypercolumns", out / "hyper", "--feature", "h2", "--out", out / "svm")
    run("finetune", "--records", records, "--pretrained", pretrained, "--epochs", "1", "--out", out / "ft")
    assert not metrics_of(out / "ft")["transductive"]
