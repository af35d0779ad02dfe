import os
import shutil

import pytest
from ser_fop.pipelines import prepare

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.corpora.schema import read_rows
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv, fake_emospeechcommands
from ser_fop.testing.tones import write_voice

ROWS = [
    {"file": f"{speaker}/{emotion}.wav", "speaker": speaker, "emotion": emotion}
    for speaker in ("anna", "bert", "carl")
    for emotion in ("happy", "sad")
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared")
    fake_csv(root, rows=ROWS)
    prepare.run(config(root))
    return root


@pytest.fixture
def root(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "copy")


def config(root, **changes):
    fields = {"corpus": "csv", "audio_dir": root / "audio", "manifest": root / "manifest.csv", "out": root / "records"}
    return PrepareConfig(**{**fields, **changes})


def assert_refused(root, message, **changes):
    with pytest.raises(InputError, match=rf"was prepared from other input: .*{message}.*Choose another --out"):
        prepare.run(config(root, **changes))


def test_unchanged_copy_at_another_path_is_complete(root, capsys):
    for path in (root / "audio").rglob("*.wav"):  # a copy has new times
        os.utime(path)
    prepare.run(config(root))
    assert "is complete" in capsys.readouterr().out


def test_other_spelling_of_the_path_is_the_same(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    (root / "link").symlink_to(root / "audio")
    for audio_dir in ("audio", "./audio", "audio/../audio", "link"):
        prepare.run(config(root, audio_dir=root / audio_dir))
    assert capsys.readouterr().out.count("is complete") == 4


def test_unchanged_utterance_without_a_column_of_others_is_complete(tmp_path, capsys):
    audio = fake_emospeechcommands(tmp_path / "audio", speakers=("user-1a",))
    for _ in range(2):
        prepare.run(PrepareConfig(corpus="emospeechcommands", audio_dir=audio, out=tmp_path / "records", target="word"))
    assert "is complete" in capsys.readouterr().out
    columns = {row.label: dict(row.columns)["emotion"] for row in read_rows(tmp_path / "records" / "utterances.csv")}
    assert columns["background"] == ""
    assert columns["go"] in ("angry", "calm")


def test_corrected_label_is_refused_and_named(root):
    fake_csv(root, rows=[{**ROWS[0], "emotion": "sad"}, *ROWS[1:]], write_audio=False)
    assert_refused(root, "1 utterance has changed: anna/happy .label was 'happy', now 'sad'.")


def test_added_and_removed_rows_are_refused_and_counted(root):
    fake_csv(root, rows=[*ROWS[1:], {"file": "dora/sad.wav", "speaker": "dora", "emotion": "sad"}])
    assert_refused(root, "1 utterance was added: dora/sad; 1 utterance was removed: anna/happy")


def test_replaced_audio_is_refused_even_with_the_old_size(root):
    path = root / "audio" / "anna" / "happy.wav"
    size = path.stat().st_size
    write_voice(path, speaker="other", emotion="sad", seconds=1.0)
    assert path.stat().st_size == size  # only the content tells
    assert_refused(root, "1 audio file has changed: anna/happy.wav")


def test_missing_audio_is_refused(root):
    (root / "audio" / "anna" / "happy.wav").unlink()
    assert_refused(root, "1 utterance was removed: anna/happy; 1 audio file is missing: anna/happy.wav")


def test_other_label_set_is_refused(root):
    with pytest.raises(InputError, match="labels"):
        prepare.run(config(root, labels=("happy", "sad", "fear")))


def test_corpus_that_is_gone_leaves_the_records_usable(root, capsys):
    shutil.rmtree(root / "audio")
    prepare.run(config(root))
    assert "is not compared" in capsys.readouterr().out


def test_records_without_sources_are_compared_by_their_utterances(root):
    (root / "records" / "sources.csv").unlink()
    prepare.run(config(root))
    fake_csv(root, rows=[{**ROWS[0], "speaker": "dora"}, *ROWS[1:]], write_audio=False)
    assert_refused(root, "speaker was 'anna', now 'dora'")


def test_interrupted_run_writes_a_shard_again_if_its_audio_changed(root, monkeypatch):
    fields = {"out": root / "other", "utterances_per_shard": 2}
    shutil.copytree(root, root.with_name("whole"))
    expected = prepare.run(config(root, **{**fields, "out": root / "whole"}))

    def stop(*arguments, **keywords):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ser_fop.data.prepare.prepare._finish", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare.run(config(root, **fields))
    write_voice(root / "audio" / "anna" / "happy.wav", speaker="other", emotion="sad", seconds=0.8)
    records = prepare.run(config(root, **fields))
    shards = sorted(path.name for path in records.glob("*.tfrecord"))
    changed = [name for name in shards if (records / name).read_bytes() != (expected / name).read_bytes()]
    assert len(changed) == 1


def test_speakers_that_differ_in_spelling_are_refused_until_merged(tmp_path):
    fake_csv(
        tmp_path,
        rows=[{**row, "speaker": name} for row, name in zip(ROWS, ("1", "01", "2", "2", "3", "3"), strict=True)],
    )
    with pytest.raises(InputError, match=r"differ only in spelling: .*Give --merge-names"):
        prepare.run(config(tmp_path))
    records = prepare.run(config(tmp_path, merge_names=True))
    assert {row.speaker for row in read_rows(records / "utterances.csv")} == {"01", "2", "3"}
    prepare.run(config(tmp_path, merge_names=True))
