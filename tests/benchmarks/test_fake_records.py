import numpy as np
import pytest

from benchmarks.batches import bucketed, padded
from benchmarks.fake_records import LABELS, fake_mels, write_records
from benchmarks.lengths import lengths
from ser_fop.data.datasets import unlabelled_batches
from ser_fop.data.records import Records, mel_moments
from ser_fop.testing.toy_records import stored_mels

LENGTHS = lengths("iemocap", 300)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return Records(write_records(tmp_path_factory.mktemp("fake") / "records", LENGTHS, mels=8))


def test_write_records_keeps_lengths_in_order(records):
    assert [row.frames for row in records.rows] == LENGTHS.tolist()
    assert [shard.records for shard in records.manifest.shards] == [150, 150]
    assert records.manifest.dtype == "float16"
    assert len(records.speakers) == 10
    assert {row.label for row in records.rows} == set(LABELS)


def test_stored_frames_match_fake_mels(records):
    stored = stored_mels(records)
    for row, mel in zip(records.rows, fake_mels(LENGTHS, 8), strict=True):
        assert np.array_equal(stored[row.id], mel.astype(np.float32))


def test_statistics_match_frames(records):
    frames = np.concatenate([mel.astype(np.float64) for mel in fake_mels(LENGTHS, 8)])
    mean, std = mel_moments([(records, {row.id for row in records.rows})])
    np.testing.assert_allclose(mean, frames.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(std, frames.std(axis=0), rtol=1e-3)


def test_dataset_gives_every_frame_once(records):
    parts = [(records, {row.id for row in records.rows})]
    batches = unlabelled_batches(parts, horizons=(1,), batch_size=32, batch_frames=16384, seed=0)
    assert sum(int(weight.sum()) for _, _, weight in batches.as_numpy_iterator()) == (LENGTHS - 1).sum()


@pytest.mark.parametrize("seed", [None, 0])
def test_bucketed_has_every_utterance_once_within_limits(seed):
    batches = bucketed(LENGTHS, batch_size=32, batch_frames=4096, seed=seed)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(LENGTHS)))
    for batch in batches:
        assert len(batch) <= 32
        assert len(batch) == 1 or len(batch) * LENGTHS[batch].max() <= 4096


def test_bucketed_order_depends_on_seed():
    first, second = (np.concatenate(bucketed(LENGTHS, seed=seed)) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_padded_pads_and_masks():
    mels = list(fake_mels([3, 5], 2))
    batch, mask = padded(mels)
    assert batch.shape == (2, 5, 2)
    assert batch.dtype == np.float32
    assert np.array_equal(batch[0, :3], mels[0])
    assert not batch[0, 3:].any()
    assert mask.sum(axis=1).tolist() == [3, 5]
