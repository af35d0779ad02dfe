"""Shared fixtures: small records and runs, which the stages write once for each process."""

import os
from pathlib import Path

# Two test processes share the cores: threads of OpenMP that wait for each other would take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import tensorflow as tf

from ser_fop.corpora.folds import speaker_folds, write_folds
from ser_fop.testing.fake_corpora import fake_librispeech, fake_ravdess
from ser_fop.training.memory import network_scope, release_networks
from tests.stages import MODEL, eager_steps, run

# The optimisation of a graph takes longer than the few steps of a test.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture(autouse=True, scope="module")
def _released():
    """Release the networks of each test module."""
    with network_scope():
        yield
    release_networks()


@pytest.fixture
def eager():
    """Run training steps eagerly, as `eager_steps` does."""
    with eager_steps():
        yield


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Path:
    """Return a folder with audio, records and two pretrained networks."""
    root = tmp_path_factory.mktemp("work")
    fake_ravdess(root / "audio" / "ravdess", odd_cases=False)
    fake_librispeech(root / "audio" / "librispeech", speakers=4)
    for corpus in ("ravdess", "librispeech"):
        run("prepare", "--corpus", corpus, "--audio-dir", root / "audio" / corpus, "--out", root / "records" / corpus)
    common = ["--records", root / "records" / "ravdess", *MODEL, "--epochs", "1"]
    run("pretrain", *common, "--fold", "0", "--out", root / "inductive", traced=True)
    run("pretrain", *common, "--out", root / "transductive")
    return root


@pytest.fixture(scope="session")
def three_folds(work) -> Path:
    """Return a fold file with three folds."""
    folds = speaker_folds("ravdess", [f"Actor_{number:02d}" for number in range(1, 25)], count=3)
    write_folds(work / "three_folds.json", folds)
    return work / "three_folds.json"


@pytest.fixture(scope="session")
def hyper(work) -> Path:
    """Return hypercolumns of the network that was pretrained without fold 0's test speakers."""
    run(
        "extract",
        "--records",
        work / "records" / "ravdess",
        "--pretrained",
        work / "inductive",
        "--out",
        work / "hyper",
        traced=True,
    )
    return work / "hyper"


@pytest.fixture(scope="session")
def finetuned(work) -> Path:
    """Return the network that was pretrained without fold 0's test speakers, fine-tuned on fold 0."""
    common = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive", "--fold", "0"]
    run("finetune", *common, "--epochs", "1", "--out", work / "finetuned", traced=True)
    return work / "finetuned"
