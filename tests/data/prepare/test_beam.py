import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ser_fop.pipelines.prepare import main, run

from ser_fop.corpora.audio import read_audio
from ser_fop.data.prepare import shard_writer
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv, fake_ravdess
from ser_fop.testing.remote import copied
from ser_fop.utils.remote import location
from tests.data.prepare.test_prepare import config_for

# Two worker processes of Beam's local runner.
TWO_PROCESSES = ("direct_num_workers=2", "direct_running_mode=multi_processing")

with_beam = pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is None, reason="Apache Beam is not installed (extra `beam`)"
)


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    root = tmp_path_factory.mktemp("audio")
    return fake_ravdess(root, actors=(1, 2, 3), emotions=("happy", "sad"), per_emotion=2, seconds=0.3)


def everything(folder):
    """Return all files of a records folder, without times and without settings of the runner."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    metrics, config = json.loads(found.pop("metrics.json")), json.loads(found.pop("config.json"))
    del config["git_revision"]  # the source tree may change during the test
    # The times and versions of the audio differ between a folder and a URL.
    found["sources.csv"] = [line.split(b",")[:2] for line in found["sources.csv"].splitlines()]
    for name in ("seconds", "times_real_time", "shards_reused"):
        del metrics[name]
    for name in ("out", "audio_dir", "manifest", "runner", "beam_options", "staging", "jobs"):
        del config["config"][name]
    return found, metrics, config


def beam_config(audio, out, **changes):
    return config_for(audio, out, **{"runner": "beam", **changes})


def figures(folder):
    return json.loads((folder / "metrics.json").read_text())


@with_beam
class TestSameFolder:
    @pytest.mark.parametrize("size", [1, 5, 100])
    def test_beam_gives_same_folder_as_local_runner(self, audio, tmp_path, size):
        local = run(config_for(audio, tmp_path / "a" / "records", utterances_per_shard=size))
        beam = run(beam_config(audio, tmp_path / "b" / "records", utterances_per_shard=size))
        assert everything(beam) == everything(local)
        assert len(list(beam.glob("*.tfrecord"))) == -(-12 // size)

    def test_beam_of_other_audio_gives_other_folder(self, audio, tmp_path):
        other = fake_ravdess(
            tmp_path / "audio", actors=(1, 2, 3), emotions=("happy", "sad"), per_emotion=2, seconds=0.35
        )
        one = run(beam_config(audio, tmp_path / "a" / "records"))
        assert everything(run(beam_config(other, tmp_path / "b" / "records"))) != everything(one)

    @pytest.mark.parametrize("place", ["folder", "url"])
    def test_beam_with_staging_gives_same_folder_and_clears_staging(self, audio, tmp_path, place):
        staging = {"folder": tmp_path / "shared", "url": location("memory://beam/tmp")}[place]
        local = run(config_for(audio, tmp_path / "a" / "records"))
        assert everything(run(beam_config(audio, tmp_path / "b" / "records", staging=staging))) == everything(local)
        assert staging.exists()
        assert not list(staging.iterdir())

    def test_beam_quarantines_same_utterances(self, tmp_path):
        manifest = fake_csv(tmp_path)
        audio = tmp_path / "audio"
        (audio / "anna" / "sad.wav").write_bytes(b"")
        soundfile.write(audio / "bert" / "sad.wav", np.zeros(16000, np.int16), 16000)
        changes = {"corpus": "csv", "manifest": manifest, "utterances_per_shard": 1, "max_quarantine_share": 0.5}
        local = run(config_for(audio, tmp_path / "a" / "records", **changes))
        beam = run(beam_config(audio, tmp_path / "b" / "records", **changes))
        assert everything(beam) == everything(local)
        assert "anna/sad.wav,is an empty file" in (beam / "quarantine.csv").read_text()
        with pytest.raises(InputError, match="2 of 8 utterances cannot be used"):
            run(beam_config(audio, tmp_path / "c" / "records", **{**changes, "max_quarantine_share": 0.1}))

    def test_finished_folder_is_complete_for_either_runner(self, audio, tmp_path, capsys):
        config = beam_config(audio, tmp_path / "records", beam_options=("direct_num_workers=1",))
        run(config)
        before = (config.out / "config.json").stat().st_mtime_ns
        run(config_for(audio, tmp_path / "records"))
        run(dataclasses.replace(config, staging=tmp_path / "shared"))
        assert capsys.readouterr().out.count("is complete.") == 2
        assert (config.out / "config.json").stat().st_mtime_ns == before
        with pytest.raises(InputError, match="dtype"):
            run(dataclasses.replace(config, dtype="float32"))

    @pytest.mark.parametrize("corpus", ["ravdess", "csv"])
    @pytest.mark.parametrize("runner", ["local", "beam"])
    def test_prepare_from_url_equals_local_audio(self, tmp_path, corpus, runner):
        if corpus == "csv":
            manifest = fake_csv(tmp_path)
            changes, remote_root = {"corpus": "csv", "manifest": manifest}, copied(tmp_path, "memory://audio/csv")
            remote_changes = {"corpus": "csv", "manifest": remote_root / manifest.name}
            audio, remote_audio = tmp_path / "audio", remote_root / "audio"
        else:
            audio = fake_ravdess(tmp_path / "audio", actors=(1, 2), emotions=("sad",), per_emotion=2, seconds=0.3)
            changes, remote_changes, remote_audio = {}, {}, copied(audio, "memory://audio/ravdess")
        local = run(config_for(audio, tmp_path / "a" / "records", **changes))
        config = config_for(remote_audio, tmp_path / "b" / "records", runner=runner, **remote_changes)
        remote = run(config)
        assert everything(remote) == everything(local)
        assert json.loads((remote / "config.json").read_text())["config"]["audio_dir"] == str(remote_audio)
        assert run(config) == remote  # the finished folder is complete


@with_beam
class TestRestart:
    def failing(self, config, monkeypatch, *, at):
        """Run until reading utterance number `at` raises; return the error message."""
        calls = []

        def read(path, **options):
            calls.append(path)
            if len(calls) == at:
                raise RuntimeError("the plug\nwas pulled.")
            return read_audio(path, **options)

        with monkeypatch.context() as patch:
            patch.setattr(shard_writer, "read_audio", read)
            with pytest.raises(InputError) as error:
                run(config)
        return str(error.value)

    @pytest.mark.parametrize("place", ["own", "folder", "url"])
    def test_beam_restart_keeps_finished_shards(self, audio, tmp_path, monkeypatch, place):
        staging = {"own": None, "folder": tmp_path / "shared", "url": location("memory://restart/tmp")}[place]
        config = beam_config(audio, tmp_path / "b" / "records", staging=staging)
        line = self.failing(config, monkeypatch, at=10)
        assert line.startswith("Beam did not write the shards: RuntimeError: the plug")
        read = []
        monkeypatch.setattr(
            shard_writer, "read_audio", lambda path, **options: (read.append(path), read_audio(path, **options))[1]
        )
        out = run(config)
        assert len(read) == 4
        assert figures(out)["shards_reused"] == 2
        assert everything(out) == everything(run(config_for(audio, tmp_path / "a" / "records")))

    def test_local_restart_keeps_shards_of_beam(self, audio, tmp_path, monkeypatch):
        config = beam_config(audio, tmp_path / "b" / "records")
        self.failing(config, monkeypatch, at=10)
        out = run(config_for(audio, config.out))
        assert figures(out)["shards_reused"] == 2
        assert everything(out) == everything(run(config_for(audio, tmp_path / "a" / "records")))

    def test_beam_restart_rewrites_damaged_shard(self, audio, tmp_path, monkeypatch):
        config = beam_config(audio, tmp_path / "b" / "records")
        self.failing(config, monkeypatch, at=10)
        shard = next((tmp_path / "b" / "records.partial").glob("*.tfrecord"))
        shard.write_bytes(shard.read_bytes()[:-1])
        out = run(config)
        assert figures(out)["shards_reused"] == 1
        assert everything(out) == everything(run(config_for(audio, tmp_path / "a" / "records")))


class TestOneLine:
    @pytest.fixture
    def refused(self, audio, tmp_path, capfd):
        """Run the command, which must fail with one line; return that line."""

        def call(*options):
            arguments = ["--corpus", "ravdess", "--audio-dir", audio, "--out", tmp_path / "records", *options]
            assert main([str(argument) for argument in arguments]) == 2
            error = capfd.readouterr().err
            assert re.fullmatch(r"ser-fop prepare: error: [^\n]+\n", error), error
            return error

        return call

    def test_beam_not_installed_gives_one_line(self, refused, monkeypatch):
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *rest: None if name == "apache_beam" else find(name, *rest)
        )
        assert 'needs apache_beam, which is not installed: pip install "ser_fop[beam]"' in refused("--runner", "beam")

    @pytest.mark.parametrize("option", ["--beam-options", "--staging"])
    def test_beam_options_with_local_runner_are_rejected(self, refused, option):
        assert f"{option} needs --runner beam, received --runner local. Give --runner beam" in refused(option, "x")

    @with_beam
    def test_unknown_beam_runner_gives_one_line(self, refused):
        line = refused("--runner", "beam", "--beam-options", "runner=NoSuchRunner")
        assert "Unexpected pipeline runner: NoSuchRunner" in line
        assert "beam.log" in line

    @with_beam
    def test_invalid_beam_option_gives_one_line(self, refused):
        line = refused("--runner", "beam", "--beam-options", "direct_running_mode=nowhere")
        assert "--beam-options: argument --direct_running_mode: invalid choice: 'nowhere'" in line

    @with_beam
    def test_failed_worker_gives_one_line_that_names_the_log(self, refused, monkeypatch, tmp_path):
        def read(path, **options):
            raise ZeroDivisionError("our mistake")

        monkeypatch.setattr(shard_writer, "read_audio", read)
        line = refused("--runner", "beam")
        assert "Beam did not write the shards: ZeroDivisionError: our mistake. The full output is in" in line
        assert not (tmp_path / "records").exists()

    @with_beam
    def test_unreachable_audio_is_not_quarantined(self, refused, monkeypatch):
        def read(path, **options):
            raise InputError("s3://b/x.wav cannot be reached (it rains)")

        monkeypatch.setattr(shard_writer, "read_audio", read)
        assert "shards: s3://b/x.wav cannot be reached (it rains). The full output" in refused("--runner", "beam")
        assert refused("--runner", "local").endswith("error: s3://b/x.wav cannot be reached (it rains)\n")


def command(audio, out, *options):
    arguments = [
        "--corpus",
        "ravdess",
        "--audio-dir",
        audio,
        "--out",
        out,
        "--utterances-per-shard",
        "1",
        "--mels",
        "8",
    ]
    return [sys.executable, "-m", "ser_fop.pipelines.prepare", *map(str, [*arguments, *options])]


@with_beam
@pytest.mark.slow
class TestProcesses:
    """The command in separate processes."""

    KILLS = 6

    @pytest.fixture(scope="class")
    def many(self, tmp_path_factory):
        root = tmp_path_factory.mktemp("many")
        return fake_ravdess(root, actors=range(1, 13), emotions=("happy", "sad"), per_emotion=4, seconds=0.3)

    @pytest.fixture(scope="class")
    def expected(self, many, tmp_path_factory):
        out = tmp_path_factory.mktemp("local") / "records"
        subprocess.run(command(many, out), check=True, capture_output=True, timeout=900)
        return everything(out)

    @pytest.mark.parametrize("processes", [1, 2])
    @pytest.mark.parametrize("staged", [False, True])
    def test_beam_killed_repeatedly_gives_same_folder(self, many, expected, tmp_path, processes, staged):
        out = tmp_path / "records"
        options = ["--runner", "beam", *(["--beam-options", *TWO_PROCESSES] if processes == 2 else [])]
        options += ["--staging", tmp_path / "shared"] if staged else []
        generator = np.random.default_rng(processes + 2 * staged)
        reached = []
        for _ in range(self.KILLS):
            process = subprocess.Popen(command(many, out, *options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            before, wanted = len(self.finished(tmp_path)), int(generator.integers(1, 4))
            end = time.monotonic() + 600
            while len(self.finished(tmp_path)) < before + wanted and process.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.002)
            time.sleep(generator.uniform(0, 0.02))
            process.kill()
            process.communicate()
            if process.returncode == 0:  # finished before the kill
                break
            reached.append(len(self.finished(tmp_path)))
            assert not out.exists()
        assert len(reached) >= 2
        assert reached == sorted(reached)
        done = subprocess.run(command(many, out, *options), capture_output=True, text=True, timeout=900, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert everything(out) == expected
        assert figures(out)["shards_reused"] >= reached[-1] > 0
        assert [path.name for path in tmp_path.iterdir() if path.name != "shared"] == ["records"]
        assert not staged or not list((tmp_path / "shared").iterdir())

    def finished(self, root):
        """Return the names of all index files of finished shards in any folder, except temporary ones."""
        return {
            name
            for folder, _, names in os.walk(root)
            for name in names
            if name.startswith("mel-") and name.endswith(".json") and "/." not in folder
        }

    def test_beam_worker_process_error_gives_one_line(self, many, tmp_path):
        # Python imports sitecustomize first; this one makes reading audio fail in worker processes.
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(
            "import os, sys\n"
            "if any('sdk_worker' in argument for argument in sys.orig_argv):\n"
            "    import soundfile\n"
            "    class SoundFile(soundfile.SoundFile):\n"
            "        def read(self, *_, **__): raise AssertionError('no room')\n"
            "    soundfile.SoundFile = SoundFile\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        done = subprocess.run(
            command(many, tmp_path / "records", "--runner", "beam", "--beam-options", *TWO_PROCESSES),
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 2
        assert re.fullmatch(
            r"ser-fop prepare: error: Beam did not .*AssertionError: no room\. The full .*\n", done.stderr
        )
        assert "Traceback" in Path(tmp_path / "records.partial" / "beam.log").read_text()
