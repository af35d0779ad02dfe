"""Shared fixtures: small records and runs, which the stages write once for all test processes."""

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from filelock import FileLock
from hypothesis import settings

from ser_fop.corpora.folds import speaker_folds, write_folds
from ser_fop.testing.fake_corpora import fake_librispeech, fake_ravdess
from ser_fop.training.memory import custom_gradients, network_scope, release_networks
from tests.stages import MODEL, eager_steps, run

# A garbage collection would visit the half a million objects of the imported modules each time.
gc.collect()
gc.freeze()
# The optimisation of a graph takes longer than the few steps of a test.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

# A deadline measures the machine, and other processes may use it.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

# A test process releases its networks each time it has grown by so much.
_GROWTH_BYTES = 0.15e9


@pytest.fixture(autouse=True, scope="module")
def _released():
    """Release the networks of each test module."""
    with network_scope():
        yield
    _release_if_grown(always=bool(custom_gradients()))


@pytest.fixture
def released_each():
    """Release the networks of each test, in modules whose tests share none and train large ones."""
    yield
    _release_if_grown()


def _release_if_grown(*, always: bool = False) -> None:
    # A release collects garbage, which takes a second.
    if always or _resident_bytes() > _resident_after["release"] + _GROWTH_BYTES:
        release_networks()
        _resident_after["release"] = _resident_bytes()


def _resident_bytes() -> int:
    """Return the memory of this process; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


_resident_after = {"release": _resident_bytes()}


@pytest.fixture
def eager():
    """Run training steps eagerly, as `eager_steps` does."""
    with eager_steps():
        yield


@pytest.fixture(scope="session")
def built_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that builds a folder once for all test processes, which read it only.

    `SER_FOP_TEST_FOLDERS` names a folder for these folders, which several calls of pytest then share.
    """
    root = tmp_path_factory.getbasetemp()
    if shared := os.environ.get("SER_FOP_TEST_FOLDERS"):
        root = Path(shared)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def build_once(name: str, build: Callable[[Path], None]) -> Path:
        folder = root / name
        with FileLock(root / f"{name}.lock"):
            if not (root / f"{name}.built").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                build(folder)
                (root / f"{name}.built").touch()
        return folder

    return build_once


@pytest.fixture(scope="session")
def work(built_once) -> Path:
    """Return a folder with audio, records and two pretrained networks."""
    return built_once("work", _build_work)


def _build_work(root: Path) -> None:
    fake_ravdess(root / "audio" / "ravdess", odd_cases=False)
    fake_librispeech(root / "audio" / "librispeech", speakers=4)
    for corpus in ("ravdess", "librispeech"):
        run("prepare", "--corpus", corpus, "--audio-dir", root / "audio" / corpus, "--out", root / "records" / corpus)
    common = ["--records", root / "records" / "ravdess", *MODEL, "--epochs", "1"]
    run("pretrain", *common, "--fold", "0", "--out", root / "inductive", traced=True)
    run("pretrain", *common, "--out", root / "transductive")


@pytest.fixture(scope="session")
def three_folds(built_once) -> Path:
    """Return a fold file with three folds."""
    folds = speaker_folds("ravdess", [f"Actor_{number:02d}" for number in range(1, 25)], count=3)
    return built_once("folds", lambda folder: write_folds(folder / "three_folds.json", folds)) / "three_folds.json"


@pytest.fixture(scope="session")
def hyper(work, built_once) -> Path:
    """Return hypercolumns of the network that was pretrained without fold 0's test speakers."""
    options = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive"]

    def build(folder: Path) -> None:
        run("extract", *options, "--out", folder / "hyper", traced=True)

    return built_once("extracted", build) / "hyper"


@pytest.fixture(scope="session")
def finetuned(work, built_once) -> Path:
    """Return the network that was pretrained without fold 0's test speakers, fine-tuned on fold 0."""
    options = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive", "--fold", "0"]
    options += ["--epochs", "1"]

    def build(folder: Path) -> None:
        run("finetune", *options, "--out", folder / "run", traced=True)

    return built_once("finetuned", build) / "run"
