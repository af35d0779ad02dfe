from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.crema_d import CORPUS
from ser_fop.testing.fake_corpora import fake_crema_d
from ser_fop.testing.tones import write_voice

DEFAULT = ReadOptions()


def genders(listing):
    return {utterance.speaker: utterance.gender for utterance in listing.utterances}


@pytest.mark.parametrize(("flat", "prefix"), [(False, "AudioWAV/"), (True, "")])
def test_read_listing(tmp_path, flat, prefix):
    listing = CORPUS.read(fake_crema_d(tmp_path, flat=flat), DEFAULT)
    assert len(listing.utterances) == 19
    assert listing.problems == ()
    assert listing.labels == ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    assert [u.label for u in listing.utterances if u.speaker == "1001"] == list(listing.labels)
    assert listing.utterances[0].file == f"{prefix}1001_DFA_ANG_XX.wav"
    assert {u.style for u in listing.utterances} == {"scripted"}


def test_read_name_with_level_x(tmp_path):
    found = {utterance.id: utterance for utterance in CORPUS.read(fake_crema_d(tmp_path), DEFAULT).utterances}
    assert found["1003_ITH_SAD_X"].label == "SAD"


def test_read_genders_from_demographics(tmp_path):
    root = fake_crema_d(tmp_path)
    assert genders(CORPUS.read(root, DEFAULT)) == {"1001": "M", "1002": "F", "1003": "M"}


def test_read_genders_from_parent_folder(tmp_path):
    root = fake_crema_d(tmp_path)
    assert genders(CORPUS.read(root / "AudioWAV", DEFAULT)) == {"1001": "M", "1002": "F", "1003": "M"}


def test_read_without_demographics_has_no_genders(tmp_path):
    listing = CORPUS.read(fake_crema_d(tmp_path, demographics=False), DEFAULT)
    assert genders(listing) == {"1001": "", "1002": "", "1003": ""}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        (b"Actor;Sex\n1001;Male\n", ""),
        (b"ActorID,Age,Sex\n1001\n", ""),
        (b"ActorID,Age,Sex\n1001,20,unknown\n", ""),
        ("ActorID,Name,Sex\n1001,Zoë,Female\n".encode("latin-1"), "F"),
        ("\ufeffActorID,Sex\n1001,Female\n".encode(), "F"),
    ],
)
def test_read_accepts_invalid_demographics(tmp_path, content, expected):
    root = fake_crema_d(tmp_path)
    (root / "VideoDemographics.csv").write_bytes(content)
    assert genders(CORPUS.read(root, DEFAULT)) == {"1001": expected, "1002": "", "1003": ""}


@pytest.mark.parametrize("name", ["1001_DFA_SUR_XX", "1001_DFA", "2001_DFA_ANG_XX", "sound"])
def test_read_invalid_file_name_is_a_problem(tmp_path, name):
    root = fake_crema_d(tmp_path)
    write_voice(root / "AudioWAV" / f"{name}.wav")
    listing = CORPUS.read(root, DEFAULT)
    assert len(listing.utterances) == 19
    assert [problem.file for problem in listing.problems] == [f"AudioWAV/{name}.wav"]


def test_read_subset_of_labels(tmp_path):
    listing = CORPUS.read(fake_crema_d(tmp_path), ReadOptions(labels=("SAD", "HAP")))
    assert listing.labels == ("SAD", "HAP")
    assert Counter(u.label for u in listing.utterances) == {"": 12, "SAD": 4, "HAP": 3}
    assert {u.annotation for u in listing.utterances} == {"ANG", "DIS", "FEA", "HAP", "NEU", "SAD"}
