from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.emodb import CORPUS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_emodb
from ser_fop.testing.tones import write_voice

DEFAULT = ReadOptions()
LETTERS = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness", "N": "neutral"}
SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")


@pytest.mark.parametrize(("flat", "prefix"), [(False, "wav/"), (True, "")])
def test_read_listing(tmp_path, flat, prefix):
    listing = CORPUS.read(fake_emodb(tmp_path, speakers=("03", "16"), flat=flat), DEFAULT)
    assert listing.problems == ()
    assert {u.id: u.label for u in listing.utterances} == {
        f"{speaker}a01{letter}a": emotion for speaker in ("03", "16") for letter, emotion in LETTERS.items()
    }
    assert {(u.speaker, u.gender, u.style) for u in listing.utterances} == {
        ("03", "M", "scripted"),
        ("16", "F", "scripted"),
    }
    assert {u.id: u.file for u in listing.utterances}["03a01Fa"] == f"{prefix}03a01Fa.wav"
    assert listing.labels == tuple(LETTERS.values())


def test_read_parent_folder(tmp_path):
    fake_emodb(tmp_path / "EmoDB")
    assert CORPUS.read(tmp_path, DEFAULT).utterances[0].file == "EmoDB/wav/03a01Aa.wav"


def test_read_ten_speakers_five_female(tmp_path):
    listing = CORPUS.read(fake_emodb(tmp_path, speakers=SPEAKERS), DEFAULT)
    women = {utterance.speaker for utterance in listing.utterances if utterance.gender == "F"}
    assert women == {"08", "09", "13", "14", "16"}
    assert {utterance.speaker for utterance in listing.utterances} == set(SPEAKERS)
    assert len(listing.utterances) == 70


def test_read_versions_of_a_sentence_have_own_ids(tmp_path):
    root = fake_emodb(tmp_path, speakers=("03",))
    write_voice(root / "wav" / "03a01Fb.wav")
    ids = [utterance.id for utterance in CORPUS.read(root, DEFAULT).utterances]
    assert {"03a01Fa", "03a01Fb"} <= set(ids)
    assert len(ids) == 8


@pytest.mark.parametrize("name", ["04a01Fa", "03a01Xa", "03a01fa", "readme"])
def test_read_invalid_file_name_is_a_problem(tmp_path, name):
    root = fake_emodb(tmp_path)
    write_voice(root / "wav" / f"{name}.wav")
    listing = CORPUS.read(root, DEFAULT)
    assert len(listing.utterances) == 21
    assert [problem.file for problem in listing.problems] == [f"wav/{name}.wav"]


def test_read_subset_of_labels(tmp_path):
    listing = CORPUS.read(fake_emodb(tmp_path), ReadOptions(labels=("sadness", "anger")))
    assert listing.labels == ("sadness", "anger")
    assert Counter(u.label for u in listing.utterances) == {"": 15, "sadness": 3, "anger": 3}


def test_read_unknown_label_suggests_closest(tmp_path):
    with pytest.raises(InputError, match=r"EMO-DB has no label 'happy': .*Did you mean 'happiness'\?"):
        CORPUS.read(fake_emodb(tmp_path), ReadOptions(labels=("happy",)))
