import csv

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.librispeech import CORPUS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_librispeech
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice

DEFAULT = ReadOptions()
TRAINING = ["19-198-0000", "19-198-0001", "26-499-0000", "26-499-0001"]


def ids(listing):
    return [utterance.id for utterance in listing.utterances]


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_read_listing(tmp_path, suffix):
    listing = CORPUS.read(fake_librispeech(tmp_path, speakers=3, suffix=suffix), DEFAULT)
    assert ids(listing) == [*TRAINING, "33-800-0000", "33-800-0001"]
    assert listing.utterances[0].file == f"train-clean-100/19/198/19-198-0000{suffix}"
    assert listing.utterances[-1].file == f"test-other/33/800/33-800-0001{suffix}"
    assert {(u.speaker, u.gender) for u in listing.utterances} == {("19", "F"), ("26", "M"), ("33", "F")}
    assert {(u.label, u.annotation, u.session, u.style) for u in listing.utterances} == {("", "", "", "read")}
    assert listing.labels == ()
    assert listing.problems == ()


@pytest.mark.parametrize("inside", ["", "LibriSpeech", "LibriSpeech/train-clean-100"])
def test_read_parent_root_or_subset(tmp_path, inside):
    fake_librispeech(tmp_path / "LibriSpeech", speakers=3)
    listing = CORPUS.read(tmp_path / inside, DEFAULT)
    assert set(TRAINING) <= set(ids(listing))
    assert ("33-800-0000" in ids(listing)) == (inside != "LibriSpeech/train-clean-100")
    assert {u.speaker: u.gender for u in listing.utterances}["19"] == "F"
    assert all((tmp_path / inside / utterance.file).is_file() for utterance in listing.utterances)


def test_read_without_speakers_file_has_no_genders(tmp_path):
    listing = CORPUS.read(fake_librispeech(tmp_path, speakers_file=False), DEFAULT)
    assert len(listing.utterances) == 8
    assert {utterance.gender for utterance in listing.utterances} == {""}


@pytest.mark.parametrize(
    "file",
    [
        "test-other/33/800/19-800-0009.flac",
        "test-other/33/800/33-198-0009.flac",
        "test-other/33/33-800-0009.flac",
        "test-other/33/800/x.flac",
    ],
)
def test_read_misplaced_file_is_a_problem(tmp_path, file):
    root = fake_librispeech(tmp_path, speakers=3)
    write_voice(root / file)
    listing = CORPUS.read(root, DEFAULT)
    assert len(listing.utterances) == 6
    assert [problem.file for problem in listing.problems] == [file]
    assert "<speaker>/<chapter>" in listing.problems[0].message


def test_read_subset_in_two_places_is_rejected(tmp_path):
    fake_librispeech(tmp_path / "a")
    fake_librispeech(tmp_path / "b")
    with pytest.raises(InputError, match=r"share the id '19-198-0000': a/.* and b/"):
        CORPUS.read(tmp_path, DEFAULT)


def test_read_real_subset():
    folder = require_shared("LibriSpeech-subset")
    listing = CORPUS.read(folder, DEFAULT)
    assert len(listing.utterances) == 555
    assert len({utterance.speaker for utterance in listing.utterances}) == 261
    assert listing.problems == ()
    with (folder / "metadata.csv").open(newline="") as file:
        expected = {row["file"]: row["speaker"] for row in csv.DictReader(file)}
    assert {utterance.file: utterance.speaker for utterance in listing.utterances} == expected
