import numpy as np
import pytest

from benchmarks.fake_records import write_records
from benchmarks.naive_keras import naive_frame_predictor
from benchmarks.trainers import BATCH_FRAMES, fit_naive, fit_ours
from ser_fop.config.settings import ModelConfig
from ser_fop.data.datasets import unlabelled_batches
from ser_fop.data.records import Records
from ser_fop.models.frame_predictor import FramePredictor

LENGTHS = np.array([30, 47, 9, 700])


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return write_records(tmp_path_factory.mktemp("records") / "fake", LENGTHS)


def test_naive_network_has_same_size():
    fixed = 2 * 80  # statistics of the mels
    seeds = 4  # states of dropout's generators, two numbers each in ours
    ours = FramePredictor(ModelConfig(), 80).count_params() - fixed
    assert abs(naive_frame_predictor().count_params() - ours) <= 2 * seeds


@pytest.mark.slow  # trains a network of full size
@pytest.mark.parametrize("limit", [0, 512])
def test_fit_ours_counts_frames_of_dataset(records, limit):
    opened = Records(records)
    parts = [(opened, frozenset(row.id for row in opened.rows))]
    batches = unlabelled_batches(parts, horizons=(1,), batch_size=32, batch_frames=BATCH_FRAMES, chunk_frames=limit)
    expected = sum(float(np.sum(weight)) for _, _, weight in batches)
    assert fit_ours(records, "float32", limit)() == expected


@pytest.mark.slow  # trains a network of full size
def test_fit_naive_counts_whole_utterances():
    assert fit_naive(LENGTHS[:3], "float32")() == (LENGTHS[:3] - 1).sum()
