import os

import pytest

from ser_fop.corpora.audio_files import find_audio
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.containers import av_decoder
from ser_fop.corpora.registry import CORPORA
from ser_fop.inference.inputs import recordings_of
from ser_fop.testing.fake_corpora import fake_ravdess


def found(folder, *suffixes):
    audio = find_audio(folder, suffixes)
    return [path.relative_to(folder).as_posix() for path in audio.files], {
        problem.file: problem.message for problem in audio.problems
    }


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_find_audio_sorts_and_ignores_dot_files(tmp_path):
    touch(tmp_path, "b/2.WAV", "a/1.wav", "a/.hidden.wav", "a/._1.wav", ".trash/3.wav", "notes.txt")
    (tmp_path / "folder.wav").mkdir()
    assert found(tmp_path, ".wav") == (["a/1.wav", "b/2.WAV"], {})


@pytest.mark.parametrize("is_installed", [False, True])
def test_audio_that_is_not_read_is_reported(tmp_path, monkeypatch, is_installed):
    monkeypatch.setattr(av_decoder, "is_installed", lambda: is_installed)
    touch(tmp_path, "a.wav", "b.m4a", "c.WMA", "d.webm", "e.raw", "f.txt")
    files, problems = found(tmp_path)
    assert ("b.m4a" in files) == is_installed
    assert set(problems) == ({"e.raw"} if is_installed else {"b.m4a", "c.WMA", "d.webm", "e.raw"})
    assert "without a header" in problems["e.raw"]
    assert all("needs PyAV" in problems[name] for name in problems if name != "e.raw")


def test_suffix_that_a_corpus_does_not_have_is_reported(tmp_path):
    touch(tmp_path, "a.wav", "b.mp3")
    assert found(tmp_path, ".wav", ".flac") == (
        ["a.wav"],
        {"b.mp3": "is .mp3 audio, where .wav or .flac is expected; skipped"},
    )


class TestLinks:
    def test_links_to_folders_and_files_are_followed(self, tmp_path):
        touch(tmp_path / "elsewhere", "a/1.wav", "2.wav")
        corpus = tmp_path / "corpus"
        touch(corpus, "b/3.wav")
        (corpus / "a").symlink_to(tmp_path / "elsewhere" / "a")
        (corpus / "2.wav").symlink_to(tmp_path / "elsewhere" / "2.wav")
        assert found(corpus) == (["2.wav", "a/1.wav", "b/3.wav"], {})

    def test_loops_end_and_are_reported(self, tmp_path):
        corpus = tmp_path / "corpus"
        touch(corpus, "a/1.wav")
        touch(tmp_path, "outside.wav")
        (corpus / "a" / "up").symlink_to(corpus)
        (corpus / "a" / "out").symlink_to(tmp_path)
        (corpus / "itself.wav").symlink_to(corpus / "itself.wav")
        files, problems = found(corpus)
        assert files == ["a/1.wav"]
        assert set(problems) == {"a/up", "a/out", "itself.wav"}
        assert "contains this one" in problems["a/out"]

    def test_folder_with_two_paths_is_read_at_its_own(self, tmp_path):
        touch(tmp_path, "z/1.wav")
        (tmp_path / "a").symlink_to(tmp_path / "z")
        assert found(tmp_path) == (["z/1.wav"], {"a": "is a link to z, which is read once; skipped"})

    def test_dangling_links_are_reported(self, tmp_path):
        touch(tmp_path, "1.wav")
        (tmp_path / "2.wav").symlink_to("nowhere.wav")
        (tmp_path / "Actor_02").symlink_to("/nowhere")
        files, problems = found(tmp_path)
        assert files == ["1.wav"]
        assert set(problems) == {"2.wav", "Actor_02"}

    @pytest.mark.skipif(os.geteuid() == 0, reason="root lists everything")
    def test_folder_that_cannot_be_listed_is_reported(self, tmp_path):
        touch(tmp_path, "a/1.wav")
        (tmp_path / "a").chmod(0)
        assert "Permission denied" in found(tmp_path)[1]["a"]

    def test_reader_and_predict_follow_the_same_links(self, tmp_path):
        root = fake_ravdess(tmp_path / "real", actors=(1, 2), odd_cases=False)
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        for actor in sorted(path for path in root.iterdir() if path.is_dir()):
            (corpus / actor.name).symlink_to(actor)
        listing = CORPORA["ravdess"].read(corpus, ReadOptions())
        assert {one.speaker for one in listing.utterances} == {"Actor_01", "Actor_02"}
        assert len(recordings_of([str(corpus)])) == len(listing.utterances)
