from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.emospeechcommands import CORPUS
from ser_fop.corpora.reading import read_corpus
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_emospeechcommands
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_emospeechcommands(tmp_path), ReadOptions())
    assert listing.problems == ()
    assert listing.labels == ("angry", "calm", "fearful", "happy")
    assert Counter(one.label for one in listing.utterances) == {"angry": 8, "calm": 8, "": 1}
    assert Counter(one.speaker for one in listing.utterances)["unknown"] == 5  # four, and the background of nobody
    assert listing.utterances[0].columns == (("word", "go"),)
    assert listing.utterances[0].file == "audio/00000.ogg"


def test_target_word_gives_keywords(tmp_path):
    listing = read_corpus(CORPUS, fake_emospeechcommands(tmp_path), ReadOptions(target="word"))
    assert listing.labels == ("background", "go", "stop")
    assert Counter(one.label for one in listing.utterances) == {"background": 1, "go": 8, "stop": 8}
    assert dict(listing.utterances[0].columns)["emotion"] == "angry"


@pytest.mark.parametrize("inside", ["", "EmoSpeechCommands", "EmoSpeechCommands/audio"])
def test_read_parent_root_or_audio_folder(tmp_path, inside):
    fake_emospeechcommands(tmp_path / "EmoSpeechCommands")
    listing = CORPUS.read(tmp_path / inside, ReadOptions())
    assert len(listing.utterances) == 17
    assert all((tmp_path / inside / one.file).is_file() for one in listing.utterances)


def test_row_without_file_and_file_without_row_are_problems(tmp_path):
    root = fake_emospeechcommands(tmp_path)
    (root / "audio" / "00003.ogg").unlink()
    write_voice(root / "audio" / "09999.ogg")
    problems = {problem.file: problem.message for problem in CORPUS.read(root, ReadOptions()).problems}
    assert problems == {
        "audio/00003.ogg": "row 5 of metadata.csv lists it, but it does not exist, or an earlier row lists it; skipped",
        "audio/09999.ogg": "is not in metadata.csv; skipped",
    }


def test_row_that_repeats_a_file_is_a_problem(tmp_path):
    root = fake_emospeechcommands(tmp_path)
    with (root / "metadata.csv").open("a") as file:
        file.write("audio/00000.ogg,user-9z,calm,stop\n")
    listing = CORPUS.read(root, ReadOptions())
    assert listing.utterances[0].speaker == "user-1a"
    assert [problem.file for problem in listing.problems] == ["audio/00000.ogg"]


def test_missing_metadata_or_column_is_rejected(tmp_path):
    root = fake_emospeechcommands(tmp_path)
    (root / "metadata.csv").write_text("file,speaker,word\na,b,c\n")
    with pytest.raises(InputError, match=r"lacks the column emotion: expected file, .*, received file, speaker, word"):
        CORPUS.read(root, ReadOptions())
    (root / "metadata.csv").unlink()
    with pytest.raises(InputError, match=r"contains no metadata\.csv: expected .*Give --audio-dir their folder"):
        CORPUS.read(root, ReadOptions())


def test_read_real_release():
    listing = CORPUS.read(require_shared("EmoSpeechCommands"), ReadOptions())
    assert listing.problems == ()
    assert len(listing.utterances) == 2742
    known = {one.speaker for one in listing.utterances} - {"unknown"}
    assert len(known) == 105
    assert Counter(one.label for one in listing.utterances) == {
        "angry": 538, "calm": 1039, "fearful": 585, "happy": 460, "": 120
    }  # fmt: skip
    assert {dict(one.columns)["word"] for one in listing.utterances if not one.label} == {"background"}
