from collections import Counter

import pytest

from ser_fop.corpora.audiomnist import CORPUS
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.folds import folds_of, published_folds, speaker_sessions
from ser_fop.testing.fake_corpora import fake_audiomnist
from ser_fop.testing.tones import write_voice


def people(listing):
    return {one.speaker: (one.gender, *(text for _, text in one.columns)) for one in listing.utterances}


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_audiomnist(tmp_path, speakers=("01", "12", "43")), ReadOptions())
    assert listing.problems == ()
    assert Counter(one.label for one in listing.utterances) == dict.fromkeys("0123456789", 3)
    # An age of 1234 is none.
    assert people(listing) == {"01": ("M", "German", "21"), "12": ("F", "German", "32"), "43": ("M", "German", "")}
    assert listing.utterances[0].file == "data/01/0_01_0.wav"


def test_read_folder_inside_and_without_meta(tmp_path):
    root = fake_audiomnist(tmp_path / "with", speakers=("01",))
    assert people(CORPUS.read(root / "data" / "01", ReadOptions())) == {"01": ("M", "German", "")}
    root = fake_audiomnist(tmp_path / "without", speakers=("01",), meta=False)
    assert people(CORPUS.read(root, ReadOptions())) == {"01": ("", "", "")}


@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"01": 7}'])
def test_damaged_meta_is_a_problem(tmp_path, text):
    root = fake_audiomnist(tmp_path, speakers=("01",))
    (root / "data" / "audioMNIST_meta.txt").write_text(text)
    listing = CORPUS.read(root, ReadOptions())
    assert [problem.file for problem in listing.problems] == ["audioMNIST_meta.txt"]
    assert len(listing.utterances) == 10


@pytest.mark.parametrize("file", ["01/0_02_0.wav", "01/a_01_0.wav", "0_01_7.wav"])
def test_read_misplaced_file_is_a_problem(tmp_path, file):
    root = fake_audiomnist(tmp_path, speakers=("01",))
    write_voice(root / "data" / file)
    assert [problem.file for problem in CORPUS.read(root, ReadOptions()).problems] == [f"data/{file}"]


def test_published_folds_test_each_of_sixty_speakers_once(tmp_path):
    folds = published_folds("audiomnist").folds
    assert sorted(speaker for fold in folds for speaker in fold.test) == [f"{number:02d}" for number in range(1, 61)]
    assert {(len(fold.train), len(fold.validation), len(fold.test)) for fold in folds} == {(36, 12, 12)}
    assert "26" in folds[0].test
    # The default tree has a speaker for each part of each fold.
    utterances = CORPUS.read(fake_audiomnist(tmp_path), ReadOptions()).utterances
    assert [fold.test for fold in folds_of("audiomnist", speaker_sessions(utterances)).folds][1] == ("01",)
