"""Bad input gives one line on standard error and exit status 2, without a traceback."""

import json
import shutil

import pytest
from ser_fop.pipelines import classify, extract, finetune, info, prepare, pretrain, report, reproduce

from ser_fop.testing.fake_corpora import fake_csv

MAINS = {
    module.__name__.rpartition(".")[2]: module.main
    for module in (classify, extract, finetune, info, prepare, pretrain, report, reproduce)
}


@pytest.fixture
def refused(capsys):
    """Return a function that runs a stage, expects it to fail with one line, and returns the line."""

    def call(stage, *arguments):
        capsys.readouterr()
        assert MAINS[stage]([str(argument) for argument in arguments]) == 2
        error = capsys.readouterr().err.strip().splitlines()
        lines = [line for line in error if line.startswith("ser-fop")]
        assert len(lines) == 1, error
        assert not any("Traceback" in line for line in error)
        return lines[0]

    return call


def test_prepare_rejects_missing_folder(refused, tmp_path):
    line = refused("prepare", "--corpus", "ravdess", "--audio-dir", tmp_path / "none", "--out", tmp_path / "out")
    assert "does not exist" in line


def test_prepare_rejects_empty_folder(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    line = refused("prepare", "--corpus", "ravdess", "--audio-dir", tmp_path / "empty", "--out", tmp_path / "out")
    assert "no utterance of corpus 'ravdess' found" in line


@pytest.mark.parametrize("stage", ["prepare", "info", "reproduce"])
def test_stage_rejects_negative_jobs(refused, stage, tmp_path):
    options = ["--corpus", "ravdess", "--audio-dir", tmp_path, "--jobs", "-1"]
    line = refused(stage, *options, *(["--out", tmp_path / "out"] if stage != "info" else []))
    assert "--jobs expected 0 (one for each core) or more, received -1" in line


def test_info_suggests_similar_corpus_name(refused, tmp_path):
    line = refused("info", "--corpus", "ravdes", "--audio-dir", tmp_path)
    assert "Did you mean 'ravdess'?" in line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("speaker", "talker"), "lacks the column speaker"),
        (("a.wav", "../a.wav"), "which leads out of it"),
    ],
)
def test_prepare_rejects_bad_csv_manifest(refused, tmp_path, change, message):
    (tmp_path / "audio").mkdir()
    text = "file,speaker,emotion\na.wav,s1,happy\n".replace(*change)
    (tmp_path / "m.csv").write_text(text)
    common = ["--corpus", "csv", "--audio-dir", tmp_path / "audio", "--manifest", tmp_path / "m.csv"]
    assert message in refused("prepare", *common, "--out", tmp_path / "out")


def test_prepare_rejects_label_outside_label_set(refused, tmp_path):
    manifest = fake_csv(tmp_path)
    common = ["--corpus", "csv", "--audio-dir", tmp_path / "audio", "--manifest", manifest]
    assert "expected a value of emotion out of bliss" in refused(
        "prepare", *common, "--labels", "bliss", "--out", tmp_path / "out"
    )


def test_finetune_rejects_fold_with_shared_speaker(refused, work, tmp_path):
    fold = {"test": ["Actor_01"], "validation": ["Actor_02"], "train": ["Actor_01", "Actor_03"]}
    text = json.dumps({"corpus": "ravdess", "protocol": "x", "description": "", "folds": [fold]})
    (tmp_path / "folds.json").write_text(text)
    common = ["--records", work / "records" / "ravdess", "--folds", tmp_path / "folds.json"]
    assert "has speaker 'Actor_01' in both" in refused("finetune", *common, "--out", tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_pretrain_rejects_damaged_shard(refused, work, tmp_path, damage):
    records = tmp_path / "records"
    shutil.copytree(work / "records" / "librispeech", records)
    shard = next(records.glob("*.tfrecord"))
    content = bytearray(shard.read_bytes())
    if damage == "cut":
        content = content[:-100]
    else:
        content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    line = refused("pretrain", "--records", records, "--out", tmp_path / "out")
    assert "is damaged" in line
    assert shard.name in line


def test_stages_reject_records_of_other_front_end(refused, work, tmp_path):
    common = ["--corpus", "librispeech", "--audio-dir", work / "audio" / "librispeech", "--mels", "40"]
    assert prepare.main([str(value) for value in [*common, "--out", tmp_path / "mels40"]]) == 0
    both = ["--records", work / "records" / "ravdess", tmp_path / "mels40"]
    assert "mels is 80 and 40" in refused("pretrain", *both, "--out", tmp_path / "out")
    line = refused(
        "extract", "--records", tmp_path / "mels40", "--pretrained", work / "inductive", "--out", tmp_path / "out"
    )
    assert "mels is 40 and 80" in line


def test_pretrain_rejects_unknown_config_key(refused, tmp_path):
    (tmp_path / "c.yaml").write_text("training:\n  epoch: 3\n")
    line = refused("pretrain", "--config", tmp_path / "c.yaml", "--out", tmp_path / "out")
    assert "unknown key 'training.epoch'" in line
    assert "Did you mean 'epochs'?" in line


def test_prepare_rejects_out_of_other_run(refused, work, tmp_path):
    common = ["--corpus", "librispeech", "--audio-dir", work / "audio" / "librispeech"]
    line = refused("prepare", *common, "--dtype", "float32", "--out", work / "records" / "librispeech")
    assert "its dtype is 'float16', now 'float32'" in line
    assert "contains other files" in refused("prepare", *common, "--out", work)


def test_stages_reject_unfinished_and_wrong_inputs(refused, work, tmp_path):
    assert "is not a finished folder" in refused("pretrain", "--records", work / "audio", "--out", tmp_path / "out")
    common = ["--records", work / "records" / "ravdess", "--out", tmp_path / "out"]
    assert "was written by `ser-fop prepare`" in refused(
        "finetune", *common, "--pretrained", work / "records" / "ravdess"
    )
    assert "expected a number from 0 to 4" in refused("finetune", *common, "--fold", "5")
    assert "has no emotion labels" in refused(
        "finetune", "--records", work / "records" / "librispeech", "--out", tmp_path / "o"
    )
    assert "must be a multiple" in refused("pretrain", *common, "--d-model", "10", "--heads", "4")
    assert "written by `ser-fop reproduce`" in refused("report", "--run", tmp_path)
    assert "expected --audio-dir" in refused("reproduce", "--corpus", "ravdess", "--out", tmp_path / "r")


def test_classify_rejects_unknown_feature(refused, hyper, tmp_path):
    line = refused("classify", "--hypercolumns", hyper, "--feature", "h_sum", "--out", tmp_path / "out")
    assert "unknown feature 'h_sum'" in line
