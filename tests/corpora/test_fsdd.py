from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.fsdd import CORPUS
from ser_fop.corpora.split_column import published_split
from ser_fop.testing.fake_corpora import fake_fsdd
from ser_fop.testing.tones import write_voice
from tests.corpora.rows import rows_of


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_fsdd(tmp_path, speakers=("lucas", "theo")), ReadOptions())
    assert listing.problems == ()
    assert listing.labels == tuple("0123456789")
    assert Counter(one.label for one in listing.utterances) == dict.fromkeys("0123456789", 4)
    assert {(one.speaker, one.gender, dict(one.columns)["accent"]) for one in listing.utterances} == {
        ("lucas", "M", "DEU/German"),
        ("theo", "M", "USA/neutral"),
    }
    assert listing.utterances[0].file == "recordings/0_lucas_0.wav"


def test_first_five_recordings_are_the_test_set(tmp_path):
    utterances = CORPUS.read(fake_fsdd(tmp_path, indices=(0, 4, 5, 49)), ReadOptions()).utterances
    parts = {one.id.rpartition("_")[2]: dict(one.columns)["split"] for one in utterances}
    assert parts == {"0": "test", "4": "test", "5": "train", "49": "train"}
    assert published_split("fsdd", rows_of(utterances)) is None  # it does not divide the speakers


def test_new_speaker_has_no_gender_and_accent(tmp_path):
    write_voice(tmp_path / "3_anna_7.wav")
    (one,) = CORPUS.read(tmp_path, ReadOptions()).utterances
    assert (one.speaker, one.gender, dict(one.columns)["accent"]) == ("anna", "", "")


@pytest.mark.parametrize("name", ["x_george_0", "10_george_0", "george_0", "1_george_x"])
def test_read_invalid_file_name_is_a_problem(tmp_path, name):
    root = fake_fsdd(tmp_path, speakers=("george",))
    write_voice(root / "recordings" / f"{name}.wav")
    listing = CORPUS.read(root, ReadOptions())
    assert len(listing.utterances) == 20
    assert [problem.file for problem in listing.problems] == [f"recordings/{name}.wav"]


def test_read_subset_of_labels(tmp_path):
    listing = CORPUS.read(fake_fsdd(tmp_path), ReadOptions(labels=("7", "0")))
    assert listing.labels == ("7", "0")
    assert Counter(one.label for one in listing.utterances) == {"": 48, "7": 6, "0": 6}
