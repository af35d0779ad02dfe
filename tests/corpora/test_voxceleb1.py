import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.voxceleb1 import CORPUS
from ser_fop.testing.fake_corpora import fake_voxceleb1
from ser_fop.testing.tones import write_voice


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_voxceleb1(tmp_path), ReadOptions())
    assert listing.problems == ()
    assert listing.labels == ("id10001", "id10002", "id10270")
    assert len(listing.utterances) == 3 * 3 * 2
    assert all(one.label == one.speaker for one in listing.utterances)
    one = listing.utterances[0]
    assert (one.id, one.session) == ("id10001/_video-1id10001/00001", "_video-1id10001")
    assert one.file == "wav/id10001/_video-1id10001/00001.wav"
    assert one.columns == (("split", "train"), ("nationality", "Ireland"))
    assert {one.speaker: one.gender for one in listing.utterances} == {"id10001": "M", "id10002": "F", "id10270": "F"}


def test_split_is_that_of_the_identification_list(tmp_path):
    utterances = CORPUS.read(fake_voxceleb1(tmp_path, speakers=("id10001",)), ReadOptions()).utterances
    assert {(one.session, dict(one.columns)["split"]) for one in utterances} == {
        ("_video-1id10001", "train"),
        ("_video-2id10001", "validation"),
        ("_video-3id10001", "test"),
    }


def test_quoted_meta_lines_are_read(tmp_path):
    root = fake_voxceleb1(tmp_path, speakers=("id10001",))
    lines = (root / "vox1_meta.csv").read_text().splitlines()
    (root / "vox1_meta.csv").write_text("\n".join(f'"{line}"' for line in lines))
    assert {one.gender for one in CORPUS.read(root, ReadOptions()).utterances} == {"M"}


def test_read_without_lists_and_from_dev_and_test_folders(tmp_path):
    fake_voxceleb1(tmp_path / "dev", speakers=("id10001",), lists=False)
    fake_voxceleb1(tmp_path / "test", speakers=("id10270",), lists=False)
    listing = CORPUS.read(tmp_path, ReadOptions())
    assert listing.labels == ("id10001", "id10270")
    assert {(one.gender, one.columns) for one in listing.utterances} == {("", (("split", ""), ("nationality", "")))}
    assert listing.problems == ()


def test_differences_from_the_list_are_one_problem_each(tmp_path):
    root = fake_voxceleb1(tmp_path, speakers=("id10001",))
    (root / "wav/id10001/_video-1id10001/00001.wav").unlink()
    for number in (7, 8):
        write_voice(root / f"wav/id10001/other/0000{number}.wav")
    assert [problem.message for problem in CORPUS.read(root, ReadOptions()).problems] == [
        "does not list 2 recordings, which have no part; the first is id10001/other/00007",
        "lists 1 recordings that the folder does not contain; the first is id10001/_video-1id10001/00001",
    ]


@pytest.mark.parametrize("file", ["wav/id10001/00001.wav", "wav/anna/video/00001.wav", "wav/id10001/video/x.wav"])
def test_read_misplaced_file_is_a_problem(tmp_path, file):
    root = fake_voxceleb1(tmp_path, speakers=("id10001",), lists=False)
    write_voice(root / file)
    assert [problem.file for problem in CORPUS.read(root, ReadOptions()).problems] == [file]


def test_labels_select_speakers(tmp_path):
    listing = CORPUS.read(fake_voxceleb1(tmp_path), ReadOptions(labels=("id10270",)))
    assert {(one.speaker, one.label) for one in listing.utterances} == {
        ("id10001", ""),
        ("id10002", ""),
        ("id10270", "id10270"),
    }
