"""What tests of many folders share: small records and runs, made once a process by the stages themselves."""

from pathlib import Path

import pytest

from ser_fop.corpora.folds import speaker_folds, write_folds
from ser_fop.testing.fake_corpora import fake_librispeech, fake_ravdess
from ser_fop.training.memory import network_scope, release_networks
from tests.stages import MODEL, run


@pytest.fixture(autouse=True, scope="module")
def _released():
    """Give back the networks of each test module."""
    with network_scope():
        yield
    release_networks()


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
