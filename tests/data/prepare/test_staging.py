import pickle

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.registry import get_corpus
from ser_fop.data.prepare.shard_index import finished_note, shard_tasks
from ser_fop.data.prepare.shard_writer import ShardWriter
from ser_fop.data.prepare.staging import Staging, sweep
from ser_fop.testing.fake_corpora import fake_ravdess
from ser_fop.utils.remote import location
from ser_fop.utils.run_folder import open_stage
from tests.data.prepare.test_prepare import config_for


@pytest.fixture
def case(tmp_path):
    """Return an open stage, its config and its three tasks."""
    audio = fake_ravdess(tmp_path / "audio", actors=(1, 2, 3), emotions=("happy", "sad"), per_emotion=2, seconds=0.3)
    config = config_for(audio, tmp_path / "records")
    stage = open_stage("prepare", out=config.out, config=config)
    listing = get_corpus("ravdess").read(audio, ReadOptions())
    return stage, config, shard_tasks(listing.utterances, size=4)


def places(tmp_path):
    return {"own": None, "folder": tmp_path / "shared", "url": location("memory://staging/tmp")}


def write_and_publish(staging, config, task):
    """Write and publish a shard as a worker does, with a pickled copy of `staging`."""
    staging = pickle.loads(pickle.dumps(staging))
    with ShardWriter(config) as writer, staging.scratch() as folder:
        writer.write(folder, task)
        staging.publish(folder, task.name)


@pytest.mark.parametrize("place", ["own", "folder", "url"])
class TestAnyPlace:
    def test_download_finished_copies_published_shards(self, case, tmp_path, place):
        stage, config, tasks = case
        staging = Staging(stage, places(tmp_path)[place])
        staging.open()
        for task in tasks[:2]:
            write_and_publish(staging, config, task)
            write_and_publish(staging, config, task)  # a second worker with the same shard
        staging.download_finished(stage.folder, tasks, quarantined=False)
        assert [finished_note(stage.folder, task) is not None for task in tasks] == [True, True, False]
        staging.clear()
        expected = {"config.json"} | {f"{task.name}{end}" for task in tasks[:2] for end in ("", ".npz", ".json")}
        assert {path.name for path in stage.folder.iterdir()} == expected
        assert place == "own" or not staging.folder.exists()

    def test_download_finished_ignores_shard_without_index(self, case, tmp_path, place):
        stage, config, tasks = case
        staging = Staging(stage, places(tmp_path)[place])
        staging.open()
        write_and_publish(staging, config, tasks[0])
        (staging.folder / f"{tasks[0].name}.json").unlink()
        staging.download_finished(stage.folder, tasks, quarantined=True)
        assert finished_note(stage.folder, tasks[0]) is None


def test_sweep_removes_files_of_killed_workers(case):
    stage, _, _ = case
    staging = Staging(stage, None)
    manager = staging.scratch()
    folder = manager.__enter__()
    (folder / "half").write_bytes(b"1")
    sweep(stage.folder)
    assert {path.name for path in stage.folder.iterdir()} == {"config.json"}


def test_staging_folder_depends_on_place_and_result(case, tmp_path):
    config = case[1]
    folders = set()
    for changes in ({}, {"dtype": "float32"}, {"runner": "beam", "jobs": 7}):
        for name in ("a", "b"):
            other = config_for(config.audio_dir, tmp_path / name / "records", **changes)
            folders.add(Staging(open_stage("prepare", out=other.out, config=other), tmp_path).folder)
    assert len(folders) == 4  # two places, two results; runner and jobs have no effect


def test_download_finished_skips_quarantined_shards_by_default(case, tmp_path):
    stage, config, tasks = case
    (config.audio_dir / tasks[0].utterances[0].file).write_bytes(b"")
    staging = Staging(stage, tmp_path / "shared")
    staging.open()
    write_and_publish(staging, config, tasks[0])
    staging.download_finished(stage.folder, tasks, quarantined=False)
    assert finished_note(stage.folder, tasks[0]) is None
    staging.download_finished(stage.folder, tasks, quarantined=True)
    assert finished_note(stage.folder, tasks[0]).quarantined
