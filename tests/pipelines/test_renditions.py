"""Renditions from `prepare` to training."""

import numpy as np
import pytest
import tensorflow as tf
from ser_fop.pipelines import prepare

from ser_fop.data.datasets import unlabelled_batches
from ser_fop.data.drawing import draw_by_epoch
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.data.records import Records
from tests.stages import MODEL, metrics_of, run

SIZES = {"batch_size": 8, "batch_frames": 4000}


@pytest.fixture(scope="module")
def varied(work, tmp_path_factory):
    """Records with two copies of each utterance, without simulated rooms."""
    out = tmp_path_factory.mktemp("varied") / "records"
    options = ["--audio-dir", work / "audio" / "ravdess", "--renditions", "2", "--room-share", "0", "--out", out]
    run("prepare", "--corpus", "ravdess", *options)
    return Records(out)


@pytest.fixture
def epoch():
    return tf.Variable(0, dtype=tf.int64)


def test_utterances_are_those_of_records_without_renditions(work, varied):
    plain = Records(work / "records" / "ravdess")
    assert varied.rows == plain.rows
    np.testing.assert_array_equal(varied.statistics.total, plain.statistics.total)
    ids = {row.id for row in plain.rows}
    for one, other in zip(*(_first_inputs(records, ids) for records in (varied, plain)), strict=True):
        np.testing.assert_array_equal(one, other)


def _first_inputs(records, ids, **options):
    classes = dict.fromkeys(sorted(ids), 0)
    return [inputs["mel"] for inputs, _ in labelled_batches(records, classes, **SIZES, **options).as_numpy_iterator()]


def test_each_epoch_reads_other_copies(varied, epoch):
    ids = {row.id for row in varied.rows}
    plain = _first_inputs(varied, ids)
    draw_fn = draw_by_epoch(1.0, seed=0, epoch=epoch)
    first = _first_inputs(varied, ids, draw_fn=draw_fn)
    epoch.assign(1)
    second = _first_inputs(varied, ids, draw_fn=draw_fn)
    assert all(one.shape == other.shape for one, other in zip(plain, first, strict=True))
    assert max(np.abs(one - other).max() for one, other in zip(plain, first, strict=True)) > 0.5
    assert max(np.abs(one - other).max() for one, other in zip(first, second, strict=True)) > 0.5


def test_pretraining_reads_a_copy_and_predicts_the_recording(varied, epoch):
    ids = {row.id for row in varied.rows}
    options = {"horizons": (2,), "chunk_frames": 40, **SIZES}
    plain = unlabelled_batches([(varied, ids)], **options)
    drawn = unlabelled_batches([(varied, ids)], draw_fn=draw_by_epoch(1.0, seed=0, epoch=epoch), **options)
    differences = []
    for (inputs, target, weight), (others, same, equal) in zip(
        plain.as_numpy_iterator(), drawn.as_numpy_iterator(), strict=True
    ):
        np.testing.assert_array_equal(target, same)
        np.testing.assert_array_equal(weight, equal)
        differences.append(np.abs(inputs["mel"] - others["mel"]).max())
    assert max(differences) > 0.5


def test_stages_train_on_renditions(varied, tmp_path):
    common = ["--records", varied.folder, "--renditions", "0.5", "--epochs", "1"]
    run("pretrain", *common, *MODEL, "--fold", "0", "--out", tmp_path / "fop")
    run("finetune", *common, "--pretrained", tmp_path / "fop", "--out", tmp_path / "run")
    assert np.isfinite(metrics_of(tmp_path / "fop")["skill"])
    assert metrics_of(tmp_path / "run")["n"] > 0


@pytest.mark.parametrize("options", [["--renditions", "-1"], ["--renditions", "1", "--normalised-by", "speaker"]])
def test_prepare_rejects_impossible_renditions(work, tmp_path, capsys, options):
    arguments = ["--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess", "--out", tmp_path / "out"]
    assert prepare.main([str(one) for one in (*arguments, *options)]) == 2
    assert "--renditions expected" in capsys.readouterr().err
