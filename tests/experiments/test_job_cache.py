import dataclasses
import json
import lzma
import shutil
from pathlib import Path

import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.corpora.folds import Fold, FoldFile, write_folds
from ser_fop.errors import InputError
from ser_fop.experiments.job_cache import FOLDS, JobCache
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.experiments.runner import run_jobs
from ser_fop.utils.run_folder import COMPLETED

FUNCTIONALS = ("classify-ComParE_2016-svm", "classify-ComParE_2016-ladder-svm")
NAMES = ("pretrain-unlabelled", "finetune-unlabelled", "classify-unlabelled-h1-svm", "finetune-none")
HEADER = "id,speaker,fold,seed,label,predicted,p_calm,p_cross\n"


@dataclasses.dataclass
class Out:
    out: Path


def config_of(root, **changes):
    return ReproduceConfig(out=root / "run", corpus="toy", audio_dir=root, cache_dir=root.parent / "cache", **changes)


def jobs_of(config, names=NAMES):
    names = [f"runs/seed-{seed}/{name}" for seed in (0, 1) for name in names]
    return [Job(name=name, stage=name.split("/")[2].split("-")[0], config=Out(config.out / name)) for name in names]


def prepare(config, digest="abc", test="a"):
    records = config.out / "records" / "toy"
    records.mkdir(parents=True)
    (records / COMPLETED).write_text(digest + "\n")
    fold = Fold(test=(test,), validation=("v",), train=("t",))
    write_folds(config.out / FOLDS, FoldFile(corpus="toy", protocol="p", description="", folds=(fold,)))


def finish(config):
    """Write the files of a finished stage with one fold."""
    for folder in (config.out, config.out / "fold-0"):
        (folder / "network").mkdir(parents=True)
        (folder / "network" / "network.json").write_text("{}")
        (folder / "network" / "network.weights.h5").write_bytes(b"0" * 1000)
        (folder / "config.json").write_text(json.dumps({"config": {"out": str(config.out)}, "other": "/elsewhere/x"}))
        (folder / "metrics.json").write_text('{"wa": 0.5}')
        (folder / "predictions.csv").write_text(HEADER + '"a,b",anna,0,0,calm,cross,0.25,0.75\n')
        (folder / COMPLETED).write_text(f"digest of {config.out.name}\n")


@pytest.fixture
def cached(tmp_path):
    """A run on one machine, with seed 0 and half of seed 1 finished."""
    config = config_of(tmp_path / "one")
    prepare(config)
    jobs = jobs_of(config)
    run_jobs(jobs[:6], {stage: finish for stage in ("pretrain", "finetune", "classify")}, cache=JobCache(config, jobs))
    return tmp_path


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_keep_writes_file_once_all_jobs_of_network_finished(cached):
    found = sorted(path.relative_to(cached / "cache").as_posix() for path in (cached / "cache").rglob("*.xz"))
    assert found == ["seed-0/none.json.xz", "seed-0/unlabelled.json.xz"]


def test_restore_on_another_machine_finishes_jobs(cached):
    config = config_of(cached / "other")
    prepare(config)
    jobs = jobs_of(config)
    store = JobCache(config, jobs)
    assert store.restore() == 4
    assert [job.name for job in jobs if (job.config.out / COMPLETED).exists()] == [job.name for job in jobs[:4]]
    folder = jobs[2].config.out
    assert set(files_of(folder)) == {
        f"{place}{name}"
        for place in ("", "fold-0/")
        for name in ("config.json", "metrics.json", "predictions.csv", "network/network.json", COMPLETED)
    }
    assert json.loads((folder / "config.json").read_text()) == {"config": {"out": str(folder)}, "other": "/elsewhere/x"}
    fixed = 'id,speaker,fold,seed,label,predicted\n"a,b",anna,0,0,calm,cross\n'
    assert (folder / "predictions.csv").read_text() == fixed
    tuned = (jobs[1].config.out / "predictions.csv").read_text()
    assert tuned == f'{HEADER}"a,b",anna,0,0,calm,cross,0.2500,0.7500\n'
    assert (folder / COMPLETED).read_text() == "digest of classify-unlabelled-h1-svm\n"
    assert store.restore() == 0
    # Newly finished jobs are added; restored ones are not written again.
    before = {path: path.read_bytes() for path in (cached / "cache").rglob("*.xz")}
    for job in jobs[4:]:
        finish(job.config)
    store.keep()
    assert len(list((cached / "cache").rglob("*.xz"))) == 4
    assert all(path.read_bytes() == text for path, text in before.items())


def test_restore_ignores_files_of_started_jobs(cached):
    config = config_of(cached / "other")
    prepare(config)
    jobs = jobs_of(config)
    finish(jobs[0].config)
    assert JobCache(config, jobs).restore() == 1  # only the job of `none`, whose network has not started
    assert not (jobs[1].config.out / COMPLETED).exists()


@pytest.mark.parametrize(
    ("changes", "inputs", "message"),
    [
        ({"model": ModelConfig(layers=3)}, {}, "other method: its model is"),
        ({}, {"digest": "xyz"}, "other records: its toy is"),
        ({}, {"test": "b"}, "other folds: its digest is"),
    ],
)
def test_restore_rejects_jobs_of_another_study(cached, changes, inputs, message):
    config = config_of(cached / "other", **changes)
    prepare(config, **inputs)
    with pytest.raises(InputError, match=message):
        JobCache(config, jobs_of(config)).restore()
    # With all jobs finished here, `keep` rejects the files of the other study too.
    jobs = jobs_of(config)
    for job in jobs:
        finish(job.config)
    store = JobCache(config, jobs)
    assert store.restore() == 0
    with pytest.raises(InputError, match=message):
        store.keep()


def test_restore_ignores_entries_that_older_files_lack(cached):
    for path in (cached / "cache").rglob("*.xz"):
        found = json.loads(lzma.decompress(path.read_bytes()))
        del found["made_with"]["folds"]
        path.write_bytes(lzma.compress(json.dumps(found).encode()))
    config = config_of(cached / "other")
    prepare(config, test="b")
    assert JobCache(config, jobs_of(config)).restore() == 4


def test_restore_of_damaged_file_raises_one_line(cached):
    (cached / "cache" / "seed-0" / "none.json.xz").write_bytes(b"junk")
    config = config_of(cached / "other")
    prepare(config)
    with pytest.raises(InputError, match="is not a readable cache file"):
        JobCache(config, jobs_of(config)).restore()
    shutil.rmtree(cached / "cache")
    assert JobCache(config, jobs_of(config)).restore() == 0


def test_keep_writes_own_file_for_independent_jobs(tmp_path):
    config = config_of(tmp_path / "one")
    prepare(config)
    jobs = jobs_of(config, FUNCTIONALS)
    finish(jobs[0].config)
    JobCache(config, jobs).keep()
    assert [path.name for path in (tmp_path / "cache").rglob("*.xz")] == ["ComParE_2016-svm.json.xz"]
    # On another machine with more systems, only the cached job is restored.
    other = config_of(tmp_path / "other")
    prepare(other)
    assert JobCache(other, jobs_of(other, FUNCTIONALS)).restore() == 1


def test_keep_with_more_jobs_rewrites_file(cached):
    config = config_of(cached / "one")
    jobs = jobs_of(config, (*NAMES, "classify-unlabelled-h1-a_lstm"))
    store = JobCache(config, jobs)
    store.keep()
    file = cached / "cache" / "seed-0" / "unlabelled.json.xz"
    before = file.read_bytes()
    finish(next(job.config for job in jobs if job.name == "runs/seed-0/classify-unlabelled-h1-a_lstm"))
    store.keep()
    assert file.read_bytes() != before
    after = file.stat().st_mtime_ns
    store.keep()
    assert file.stat().st_mtime_ns == after


def test_restore_gives_new_settings_their_defaults(cached):
    file = cached / "cache" / "seed-0" / "none.json.xz"
    found = json.loads(lzma.decompress(file.read_bytes()))
    del found["made_with"]["method"]["model"]["kernel"], found["made_with"]["method"]["pooling"]
    file.write_bytes(lzma.compress(json.dumps(found).encode()))
    for changes, restored in (({}, 4), ({"model": ModelConfig(kernel=3)}, 0)):
        config = config_of(cached / f"other-{restored}", **changes)
        prepare(config)
        store = JobCache(config, jobs_of(config))
        if restored:
            assert store.restore() == restored
        else:
            with pytest.raises(InputError, match="other method: its model is"):
                store.restore()
