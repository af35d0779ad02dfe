import csv
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from ser_fop.pipelines.prepare import run

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import read_audio
from ser_fop.data.features import log_mel
from ser_fop.data.prepare import shard_writer
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv, fake_ravdess
from ser_fop.testing.tones import voice, write_voice
from ser_fop.testing.toy_records import stored_mels
from ser_fop.utils.run_folder import sha256

FEATURES = FeatureConfig(mels=8)


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """Return a tree of 3 actors with 4 utterances each (three shards of 4), and some files to ignore."""
    root = tmp_path_factory.mktemp("audio")
    return fake_ravdess(root, actors=(1, 2, 3), emotions=("happy", "sad"), per_emotion=2, seconds=0.3)


def config_for(audio, out, **changes):
    common = {"corpus": "ravdess", "features": FEATURES, "utterances_per_shard": 4, "jobs": 1}
    return PrepareConfig(audio_dir=audio, out=out, **{**common, **changes})


def content(folder):
    """Return the SHA-256 of every file that later stages read."""
    files = [path for path in folder.iterdir() if path.suffix in (".tfrecord", ".csv", ".npz")]
    return {path.name: sha256(path) for path in [*files, folder / "manifest.json", folder / "COMPLETED"]}


def figures(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def prepared(audio, tmp_path_factory):
    return run(config_for(audio, tmp_path_factory.mktemp("prepared") / "records"))


class TestContent:
    def test_prepare_writes_log_mel_of_every_utterance(self, audio, prepared):
        records = Records(prepared)
        found = stored_mels(records)
        assert len(found) == 12
        for row in records.rows:
            samples = read_audio(audio / row.file, sample_rate_hz=16000)
            expected = log_mel(samples, FEATURES).numpy().astype(np.float16)
            assert row.frames == len(expected) == len(found[row.id])
            assert row.duration_s == pytest.approx(len(samples) / 16000, abs=1e-4)
            np.testing.assert_allclose(found[row.id], expected, atol=0.02)

    def test_prepare_in_float32_is_more_precise(self, audio, prepared, tmp_path):
        exact = stored_mels(Records(run(config_for(audio, tmp_path / "records", dtype="float32"))))
        rounded = stored_mels(Records(prepared))
        assert {key: mel.astype(np.float16).tolist() for key, mel in exact.items()} == {
            key: mel.tolist() for key, mel in rounded.items()
        }
        assert any((mel != rounded[key]).any() for key, mel in exact.items())

    def test_prepare_writes_consistent_tables(self, prepared):
        records = Records(prepared)
        assert [shard.records for shard in records.manifest.shards] == [4, 4, 4]
        assert [row.shard for row in records.rows] == [0] * 4 + [1] * 4 + [2] * 4
        assert sum(shard.frames for shard in records.manifest.shards) == sum(row.frames for row in records.rows)
        assert records.corpus == "ravdess"
        assert records.manifest.features == FEATURES
        assert records.speakers == ("Actor_01", "Actor_02", "Actor_03")
        assert {row.label for row in records.rows} == {"happy", "sad"}
        assert (prepared / "quarantine.csv").read_text() == "id,file,problem\n"

    def test_prepare_statistics_match_stored_frames(self, prepared):
        records = Records(prepared)
        found = stored_mels(records)
        for number, row in enumerate(records.rows):
            mel = found[row.id].astype(np.float64)
            assert records.statistics.count[number] == len(mel)
            np.testing.assert_allclose(records.statistics.total[number], mel.sum(axis=0), rtol=1e-12)
            np.testing.assert_allclose(records.statistics.squares[number], (mel**2).sum(axis=0), rtol=1e-12)

    def test_prepare_mixes_speakers_in_shards(self, prepared):
        first = {row.speaker for row in Records(prepared).rows if row.shard == 0}
        assert len(first) > 1

    def test_prepare_leaves_only_final_files(self, prepared):
        expected = {"manifest.json", "utterances.csv", "statistics.npz", "quarantine.csv"}
        expected |= {"config.json", "metrics.json", "sources.csv", "COMPLETED"}
        expected |= {f"mel-{number:05d}-of-00003.tfrecord" for number in range(3)}
        assert {path.name for path in prepared.iterdir()} == expected
        assert not prepared.with_name("records.partial").exists()

    def test_prepare_uses_given_name_and_labels(self, audio, tmp_path):
        named = {"name": "mine", "title": "My calls", "licence": "mine alone"}
        records = Records(run(config_for(audio, tmp_path / "records", labels=("sad", "happy"), **named)))
        assert (records.manifest.title, records.manifest.licence) == ("My calls", "mine alone")
        assert records.corpus == "mine"
        assert records.manifest.labels == ("sad", "happy")

    def test_prepare_with_trim_silence_shortens_utterance(self, tmp_path):
        manifest = fake_csv(tmp_path)
        path = tmp_path / "audio" / "anna" / "sad.wav"
        quiet = np.zeros(8000, np.int16)
        loud = voice("loud", emotion="angry", seconds=0.5)
        soundfile.write(path, np.concatenate([quiet, loud, quiet]), 16000)
        rows = {}
        for trim in (False, True):
            out = tmp_path / f"records-{trim}"
            changes = {"corpus": "csv", "manifest": manifest, "trim_silence": trim}
            records = Records(run(config_for(tmp_path / "audio", out, **changes)))
            rows[trim] = {row.file: row.duration_s for row in records.rows}["anna/sad.wav"]
        assert rows[False] == 1.5
        assert rows[True] == pytest.approx(0.5, abs=0.03)


class TestSameBytes:
    def test_prepare_with_more_jobs_gives_same_bytes(self, audio, prepared, tmp_path):
        again = run(config_for(audio, tmp_path / "records", jobs=3))
        assert content(again) == content(prepared)
        assert len(content(again)) == 9

    def test_prepare_of_other_audio_gives_other_bytes(self, audio, prepared, tmp_path):
        other = fake_ravdess(
            tmp_path / "audio", actors=(1, 2, 3), emotions=("happy", "sad"), per_emotion=2, seconds=0.35
        )
        found = content(run(config_for(other, tmp_path / "records")))
        assert found["COMPLETED"] != content(prepared)["COMPLETED"]

    def test_prepare_of_finished_folder_changes_nothing(self, audio, tmp_path):
        config = config_for(audio, tmp_path / "records")
        run(config)
        before = {path.name: path.stat().st_mtime_ns for path in config.out.iterdir()}
        run(config)
        assert {path.name: path.stat().st_mtime_ns for path in config.out.iterdir()} == before


class UnpluggedError(Exception):
    pass


@pytest.fixture
def interrupted(audio, tmp_path, monkeypatch):
    """Return the config of a run that was interrupted in its second shard."""
    config = config_for(audio, tmp_path / "records")
    lock, calls = threading.Lock(), []

    def read(*arguments, **keywords):
        with lock:
            calls.append(arguments)
            if len(calls) > 6:
                raise UnpluggedError
        return read_audio(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(shard_writer, "read_audio", read)
        with pytest.raises(UnpluggedError):
            run(config)
    assert not config.out.exists()
    return config


class TestRestart:
    def test_restart_reuses_finished_shards_and_gives_same_bytes(self, interrupted, prepared, monkeypatch):
        partial = interrupted.out.with_name("records.partial")
        assert [path.name for path in partial.glob("*.tfrecord")] == ["mel-00000-of-00003.tfrecord"]
        read = []
        monkeypatch.setattr(shard_writer, "read_audio", lambda path, **options: (read.append(path), _read(path))[1])
        out = run(interrupted)
        assert len(read) == 8
        assert figures(out)["shards_reused"] == 1
        assert figures(out)["utterances"] == 12
        assert content(out) == content(prepared)

    @pytest.mark.parametrize("suffix", ["", ".json", ".npz"])
    def test_restart_rewrites_shard_with_missing_file(self, interrupted, prepared, suffix):
        partial = interrupted.out.with_name("records.partial")
        (partial / f"mel-00000-of-00003.tfrecord{suffix}").unlink()
        out = run(interrupted)
        assert figures(out)["shards_reused"] == 0
        assert content(out) == content(prepared)

    def test_restart_rewrites_damaged_shard(self, interrupted, prepared):
        shard = interrupted.out.with_name("records.partial") / "mel-00000-of-00003.tfrecord"
        shard.write_bytes(shard.read_bytes()[:-5])
        out = run(interrupted)
        assert figures(out)["shards_reused"] == 0
        assert content(out) == content(prepared)

    def test_restart_with_other_config_reuses_nothing(self, audio, interrupted):
        out = run(config_for(audio, interrupted.out, dtype="float32"))
        assert figures(out)["shards_reused"] == 0
        assert Records(out).manifest.dtype == "float32"

    def test_restart_with_changed_listing_reuses_no_shard(self, interrupted, audio, prepared):
        first = next(row for row in Records(prepared).rows if row.shard == 0)
        old, new = audio / first.file, (audio / first.file).with_name(f"03-01-05-01-01-01-{first.id[-2:]}.wav")
        old.rename(new)
        try:
            records = Records(run(interrupted))
        finally:
            new.rename(old)
        assert figures(interrupted.out)["shards_reused"] == 0
        assert [row.id for row in records.rows] == list(stored_mels(records))
        assert {row.id for row in records.rows} == {row.id for row in Records(prepared).rows} - {first.id} | {new.stem}


def _read(path):
    return read_audio(path, sample_rate_hz=16000)


@pytest.fixture
def troubled(tmp_path):
    """Return a corpus of 8 good utterances and 7 that cannot be used."""
    manifest = fake_csv(tmp_path)
    folder = tmp_path / "audio" / "bad"
    folder.mkdir()
    good = voice("good", seconds=1.0)
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "silent.wav", np.zeros(16000, np.int16), 16000)
    soundfile.write(folder / "nan.wav", np.array([0.1, np.nan, 0.2] * 4000, np.float32), 16000, subtype="FLOAT")
    soundfile.write(folder / "short.wav", good[:800], 16000)
    soundfile.write(folder / "long.wav", np.tile(good, 4), 16000)
    (folder / "corrupt.wav").write_bytes(b"RIFF and nothing that belongs to it" * 20)
    write_voice(folder / "cut.flac", seconds=1.0)
    (folder / "cut.flac").write_bytes((folder / "cut.flac").read_bytes()[:4000])
    with manifest.open("a") as file:
        file.writelines(f"bad/{path.name},anna,sad\n" for path in sorted(folder.iterdir()))
    return config_for(
        tmp_path / "audio",
        tmp_path / "records",
        corpus="csv",
        manifest=manifest,
        max_duration_s=3.0,
        max_quarantine_share=0.5,
    )


def quarantine(path):
    with path.open(newline="") as file:
        return {row["file"]: row["problem"] for row in csv.DictReader(file)}


class TestQuarantine:
    def test_quarantine_keeps_usable_utterances(self, troubled):
        out = run(troubled)
        records = Records(out)
        assert len(records.rows) == len(stored_mels(records)) == 8
        assert not [row for row in records.rows if row.file.startswith("bad/")]
        found = quarantine(out / "quarantine.csv")
        expected = {
            "bad/empty.wav": "empty file",
            "bad/silent.wav": "is silent",
            "bad/nan.wav": "NaN",
            "bad/short.wav": "lasts 0.050 s, shorter than 0.1 s",
            "bad/long.wav": "lasts 4.0 s, longer than 3 s",
            "bad/corrupt.wav": "not audio that can be read",
            "bad/cut.flac": "c",
        }
        assert set(found) == set(expected)
        for file, reason in expected.items():
            assert reason in found[file]
        assert figures(out)["quarantined"] == 7
        assert figures(out)["utterances"] == 8

    def test_quarantine_above_limit_fails_and_keeps_report(self, troubled):
        config = PrepareConfig(**{**vars(troubled), "max_quarantine_share": 0.4})
        with pytest.raises(InputError, match=r"7 of 15 utterances cannot be used.*40\.00%.*--max-quarantine-share"):
            run(config)
        assert not config.out.exists()
        assert len(quarantine(config.out.with_name("records.partial") / "quarantine.csv")) == 7

    def test_restart_reads_repaired_files(self, troubled):
        config = PrepareConfig(**{**vars(troubled), "max_quarantine_share": 0.0})
        with pytest.raises(InputError, match="cannot be used"):
            run(config)
        for path in (config.audio_dir / "bad").iterdir():
            path.unlink()
            write_voice(path, seconds=1.0)
        assert len(Records(run(config)).rows) == 15

    def test_prepare_without_usable_utterance_fails(self, tmp_path):
        manifest = fake_csv(tmp_path)
        for path in (tmp_path / "audio").rglob("*.wav"):
            path.write_bytes(b"")
        config = config_for(
            tmp_path / "audio", tmp_path / "records", corpus="csv", manifest=manifest, max_quarantine_share=1.0
        )
        with pytest.raises(InputError, match="8 of 8 utterances cannot be used"):
            run(config)

    def test_records_skip_shard_without_usable_utterance(self, tmp_path):
        manifest = fake_csv(tmp_path)
        config = config_for(
            tmp_path / "audio",
            tmp_path / "records",
            corpus="csv",
            manifest=manifest,
            utterances_per_shard=1,
            max_quarantine_share=0.5,
        )
        (tmp_path / "audio" / "bert" / "sad.wav").write_bytes(b"")
        records = Records(run(config))
        assert sorted(shard.records for shard in records.manifest.shards) == [0, *[1] * 7]
        assert len(records.shard_paths) == 7
        assert len(stored_mels(records)) == len(records.statistics.count) == 7


class TestOrderedMap:
    def test_ordered_keeps_order_and_limits_queue(self):
        lock, started, max_waiting = threading.Lock(), [], 0

        def work(item):
            with lock:
                started.append(item)
            time.sleep(0.003 * (item % 3))
            return item

        with ThreadPoolExecutor(4) as pool:
            results = []
            for result in shard_writer._ordered(pool, work, range(30), max_queued=5):
                results.append(result)
                with lock:
                    max_waiting = max(max_waiting, len(started) - len(results))
        assert results == list(range(30))
        assert 1 <= max_waiting <= 6

    def test_ordered_raises_errors_of_work(self):
        with ThreadPoolExecutor(2) as pool, pytest.raises(ZeroDivisionError):
            list(shard_writer._ordered(pool, lambda item: 1 // (3 - item), range(10), max_queued=2))


def test_prepare_log_mel_is_independent_of_other_utterances(audio, prepared, tmp_path):
    alone = tmp_path / "audio" / "Actor_01"
    alone.mkdir(parents=True)
    row = next(row for row in Records(prepared).rows if row.speaker == "Actor_01")
    (alone / (row.id + ".wav")).write_bytes((audio / row.file).read_bytes())
    found = stored_mels(Records(run(config_for(tmp_path / "audio", tmp_path / "records"))))
    np.testing.assert_array_equal(found[row.id], stored_mels(Records(prepared))[row.id])
