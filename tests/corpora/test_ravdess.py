from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.ravdess import CORPUS, LABELS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_ravdess
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice

DEFAULT = ReadOptions()


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_read_listing(tmp_path, suffix):
    listing = CORPUS.read(fake_ravdess(tmp_path, actors=(1, 2), suffix=suffix), DEFAULT)
    assert listing.labels == ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert [u.label for u in listing.utterances if u.speaker == "Actor_01"] == list(LABELS)
    assert {(u.speaker, u.gender) for u in listing.utterances} == {("Actor_01", "M"), ("Actor_02", "F")}
    assert {(u.session, u.style) for u in listing.utterances} == {("", "scripted")}
    assert listing.utterances[0].file == f"Actor_01/03-01-01-01-01-01-01{suffix}"


def test_read_all_variants_of_an_actor(tmp_path):
    """Each actor has 60 recordings: neutral has no strong variant."""
    listing = CORPUS.read(fake_ravdess(tmp_path, actors=[24], per_emotion=8, odd_cases=False), DEFAULT)
    assert Counter(u.label for u in listing.utterances) == {label: 4 if label == "neutral" else 8 for label in LABELS}
    assert listing.problems == ()


def test_read_skips_songs_and_videos(tmp_path):
    root = fake_ravdess(tmp_path, actors=(1,))
    assert len(list(root.rglob("*.mp4"))) == 1
    listing = CORPUS.read(root, DEFAULT)
    assert "03-02-03-01-01-01-01" not in {utterance.id for utterance in listing.utterances}
    assert [problem.file for problem in listing.problems] == ["Actor_01/03-02-03-01-01-01-01.wav"]
    assert "not audio-only speech" in listing.problems[0].message


def test_read_parent_and_actor_folder(tmp_path):
    root = fake_ravdess(tmp_path / "RAVDESS", actors=(7,))
    inner = CORPUS.read(root / "Actor_07", DEFAULT)
    outer = CORPUS.read(tmp_path, DEFAULT)
    assert [(u.id, u.speaker) for u in inner.utterances] == [(u.id, u.speaker) for u in outer.utterances]
    assert inner.utterances[0].file == "03-01-01-01-01-01-07.wav"
    assert outer.utterances[0].file == "RAVDESS/Actor_07/03-01-01-01-01-01-07.wav"


def test_read_subset_of_labels(tmp_path):
    listing = CORPUS.read(fake_ravdess(tmp_path, actors=(1,)), ReadOptions(labels=("sad", "angry")))
    assert listing.labels == ("sad", "angry")
    assert Counter(u.label for u in listing.utterances) == {"": 6, "sad": 1, "angry": 1}
    assert {u.annotation for u in listing.utterances} == set(LABELS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03-01-05-01-01-01-02", "names actor 02 but is in Actor_01"),
        ("03-01-05-01-01-01-26", "names actor 26, where RAVDESS has 01 to 24"),
        ("03-01-09-01-01-01-01", "its name"),
        ("hello", "its name"),
        ("02-01-05-01-01-01-01", "not audio-only speech"),
    ],
)
def test_read_invalid_file_name_is_a_problem(tmp_path, name, message):
    root = fake_ravdess(tmp_path, actors=(1,), odd_cases=False)
    write_voice(root / "Actor_01" / f"{name}.wav")
    listing = CORPUS.read(root, DEFAULT)
    assert len(listing.utterances) == 8
    assert [problem.file for problem in listing.problems] == [f"Actor_01/{name}.wav"]
    assert message in listing.problems[0].message


def test_read_duplicate_files_are_rejected(tmp_path):
    """A widespread copy of RAVDESS contains the actors' folders twice."""
    fake_ravdess(tmp_path, actors=(1,))
    fake_ravdess(tmp_path / "audio_speech_actors_01-24", actors=(1,))
    with pytest.raises(InputError, match=r"share the id '03-01-01-01-01-01-01': Actor_01/.* and audio_speech_actors"):
        CORPUS.read(tmp_path, DEFAULT)


def test_read_songs_only_is_rejected(tmp_path):
    write_voice(tmp_path / "Actor_01" / "03-02-03-01-01-01-01.wav")
    with pytest.raises(InputError, match=r"no utterance of corpus 'ravdess'.*Actor_01/03-01-01-01-01-01-01\.wav"):
        CORPUS.read(tmp_path, DEFAULT)


def test_read_real_release():
    listing = CORPUS.read(require_shared("RAVDESS-speech"), DEFAULT)
    assert len(listing.utterances) == 1440
    assert Counter(u.label for u in listing.utterances) == {
        label: 96 if label == "neutral" else 192 for label in LABELS
    }
    speakers = Counter(u.speaker for u in listing.utterances)
    assert speakers == {f"Actor_{actor:02d}": 60 for actor in range(1, 25)}
    assert Counter(u.gender for u in listing.utterances) == {"F": 720, "M": 720}
    assert listing.problems == ()
