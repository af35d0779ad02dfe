import numpy as np
import pytest
import soundfile

from benchmarks import long_recording
from ser_fop.testing.tones import voice


@pytest.fixture
def folder(tmp_path):
    soundfile.write(tmp_path / "a.wav", voice("a", seconds=1.0), 16000)
    return tmp_path


def test_stretches_fill_the_recording_with_every_kind_of_sound(folder):
    found = list(long_recording.stretches(folder, 0.5))
    assert sum(len(samples) for _, samples in found) == 1800 * 16000
    assert {kind for kind, _ in found} == {"speech", "music", "noise", "room noise", "digital silence"}
    assert all(len(samples) % 48000 == 0 and np.abs(samples).max() <= 1 for _, samples in found)
    assert all(samples.any() != (kind == "digital silence") for kind, samples in found)


def test_recording_depends_on_the_seed_alone(folder):
    first, again, other = (next(long_recording.stretches(folder, 0.1, seed))[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"emotion": "sad", "reason": "short", "problem": ""}, "sad"),
        ({"emotion": "", "reason": "", "problem": "contains no speech"}, "contains no speech"),
    ],
)
def test_outcome_is_the_answer_or_why_there_is_none(row, outcome):
    assert long_recording._outcome({"file": "a", "start_s": "0", "end_s": "3", **row}) == outcome
