import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.reading import read_corpus
from ser_fop.corpora.speechocean762 import CORPUS
from ser_fop.testing.fake_corpora import fake_speechocean762
from ser_fop.testing.tones import write_voice


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_speechocean762(tmp_path), ReadOptions())
    assert listing.labels == ()
    assert len(listing.utterances) == 12
    one, *_, last = listing.utterances
    assert (one.id, one.file) == ("000010000", "WAVE/SPEAKER0001/000010000.WAV")
    assert (one.speaker, one.gender, one.label) == ("0001", "M", "")
    assert one.columns == (("split", "train"), ("text", "WE CALL IT BEAR"), ("age", "6"))
    assert (last.speaker, last.gender) == ("0006", "F")
    assert last.columns == (("split", "test"), ("text", "TWO SIX FOUR EIGHT"), ("age", "9"))


def test_recordings_that_no_table_lists_are_one_problem(tmp_path):
    root = fake_speechocean762(tmp_path)
    write_voice(root / "WAVE" / "SPEAKER9600" / "096000024.WAV")
    (problem,) = CORPUS.read(root, ReadOptions()).problems
    assert problem.message == "2 recordings are not listed, the first is WAVE/SPEAKER9600/096000023.WAV; skipped"


def test_listed_recording_that_is_missing_is_a_problem(tmp_path):
    root = fake_speechocean762(tmp_path)
    (root / "WAVE/SPEAKER0003/000030001.WAV").unlink()
    messages = [problem.message for problem in CORPUS.read(root, ReadOptions()).problems]
    assert "1 listed recordings do not exist, the first is 000030001; skipped" in messages


def test_read_parent_folder_and_without_tables(tmp_path):
    fake_speechocean762(tmp_path / "with" / "speechocean762")
    assert CORPUS.read(tmp_path / "with", ReadOptions()).utterances[0].gender == "M"
    listing = CORPUS.read(fake_speechocean762(tmp_path / "without", lists=False), ReadOptions())
    assert listing.problems == ()
    assert len(listing.utterances) == 13
    assert {one.columns for one in listing.utterances} == {(("split", ""), ("text", ""), ("age", ""))}


@pytest.mark.parametrize("target", ["speaker", "gender"])
def test_target_gives_labels(tmp_path, target):
    listing = read_corpus(CORPUS, fake_speechocean762(tmp_path), ReadOptions(target=target))
    assert listing.labels == {"speaker": ("0001", "0003", "0005", "0006"), "gender": ("F", "M")}[target]


def test_file_outside_a_speakers_folder_is_a_problem(tmp_path):
    root = fake_speechocean762(tmp_path, lists=False)
    write_voice(root / "WAVE" / "x.WAV")
    assert [problem.file for problem in CORPUS.read(root, ReadOptions()).problems] == ["WAVE/x.WAV"]
