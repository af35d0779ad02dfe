"""From a publisher's address to a folder that `info` reads, against a server on this machine."""

import dataclasses
import hashlib
import io
import json
import re
import zipfile

import pytest
from ser_fop.pipelines import download, info

from ser_fop.corpora.downloads import crema_d, sources
from ser_fop.testing.fake_corpora import fake_crema_d, fake_ravdess
from ser_fop.testing.file_server import file_server

RAVDESS = "/records/1188976/files/Audio_Speech_Actors_01-24.zip"
RAW, SOUND = "/CheyneyComputerScience/CREMA-D/master/", "/media/CheyneyComputerScience/CREMA-D/master/"


@pytest.fixture
def ravdess(tmp_path, monkeypatch):
    """The address of a server with an archive of RAVDESS's layout, under its published checksum."""
    fake_ravdess(tmp_path / "made", odd_cases=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted((tmp_path / "made").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path / "made"))
    content = packed.getvalue()
    published = sources.SOURCES["ravdess"]
    speech = dataclasses.replace(published.archives["speech"], md5=hashlib.md5(content).hexdigest(), size=len(content))
    monkeypatch.setitem(sources.SOURCES, "ravdess", dataclasses.replace(published, archives={"speech": speech}))
    with file_server({RAVDESS: content}) as server:
        yield server


def fetched(corpus, server, out, *options):
    return download.main(["--corpus", corpus, "--mirror", server.address, "--out", str(out), *options])


class TestArchive:
    def test_is_fetched_checked_unpacked_and_read(self, ravdess, tmp_path, capsys):
        assert fetched("ravdess", ravdess, tmp_path / "out") == 0
        printed = capsys.readouterr().out
        assert "CC BY-NC-SA 4.0" in printed
        assert "checked by its published MD5" in printed
        assert sorted(path.name for path in (tmp_path / "out").iterdir())[:2] == ["Actor_01", "Actor_02"]
        assert not (tmp_path / "out" / ".download").exists()
        assert info.main(["--corpus", "ravdess", "--audio-dir", str(tmp_path / "out")]) == 0
        assert re.search(r"speakers\s+24", capsys.readouterr().out)

    def test_is_not_fetched_twice(self, ravdess, tmp_path, capsys):
        assert fetched("ravdess", ravdess, tmp_path / "out", "--keep-archives") == 0
        assert (tmp_path / "out" / ".download" / "Audio_Speech_Actors_01-24.zip").exists()
        assert fetched("ravdess", ravdess, tmp_path / "out") == 0
        assert "speech is there." in capsys.readouterr().out
        assert len(ravdess.asked) == 1

    def test_a_wrong_file_leaves_nothing_that_looks_right(self, ravdess, tmp_path, capsys):
        content = ravdess.files[RAVDESS]
        ravdess.files[RAVDESS] = content[:-9] + b"\0" + content[-8:]
        assert fetched("ravdess", ravdess, tmp_path / "out") == 2
        assert "it broke on its way" in capsys.readouterr().err
        assert not (tmp_path / "out" / "download.json").exists()
        ravdess.files[RAVDESS] = content
        assert fetched("ravdess", ravdess, tmp_path / "out") == 0

    def test_a_folder_holds_one_corpus(self, ravdess, tmp_path, capsys):
        assert fetched("ravdess", ravdess, tmp_path / "out") == 0
        assert fetched("emodb", ravdess, tmp_path / "out") == 2
        assert "holds ravdess: give emodb a folder of its own" in capsys.readouterr().err


class TestCremaD:
    @pytest.fixture
    def server(self, tmp_path):
        fake_crema_d(tmp_path / "made")
        sounds = {path.stem: path.read_bytes() for path in (tmp_path / "made").rglob("1*.wav")}
        listed = "\n".join([",FileName,VoiceVote", *(f"{number},{name},A" for number, name in enumerate(sounds))])
        files = {RAW + crema_d._LIST: listed.encode(), RAW + crema_d._GENDERS: b"ActorID,Sex\n1001,Male\n"}
        for name, content in sounds.items():
            digest = hashlib.sha256(content).hexdigest()
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
            files |= {f"{RAW}AudioWAV/{name}.wav": pointer.encode(), f"{SOUND}AudioWAV/{name}.wav": content}
        with file_server(files) as running:
            running.sounds = sounds
            yield running

    def test_every_recording_by_its_pointer(self, server, tmp_path):
        assert fetched("crema_d", server, tmp_path / "out") == 0
        found = {path.stem: path.read_bytes() for path in (tmp_path / "out" / "AudioWAV").iterdir()}
        assert found == server.sounds
        assert info.main(["--corpus", "crema_d", "--audio-dir", str(tmp_path / "out")]) == 0

    def test_goes_on_with_what_is_missing_or_wrong(self, server, tmp_path):
        assert fetched("crema_d", server, tmp_path / "out") == 0
        first, second, *_ = sorted((tmp_path / "out" / "AudioWAV").iterdir())
        first.unlink()
        second.write_bytes(b"cut")
        (tmp_path / "out" / "download.json").unlink()
        server.asked.clear()
        assert fetched("crema_d", server, tmp_path / "out") == 0
        assert sum(path.startswith(SOUND) for path, _ in server.asked) == 2
        assert second.read_bytes() == server.sounds[second.stem]

    def test_many_that_are_gone_are_an_error(self, server, tmp_path, capsys):
        for name in list(server.sounds)[:2]:
            del server.files[f"{RAW}AudioWAV/{name}.wav"]
        assert fetched("crema_d", server, tmp_path / "out") == 2
        assert f"2 of {len(server.sounds)} recordings are not where" in capsys.readouterr().err

    def test_few_that_are_gone_are_told(self, server, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(crema_d, "_MOST_MISSING", 0.5)
        gone = min(server.sounds)
        del server.files[f"{RAW}AudioWAV/{gone}.wav"]
        assert fetched("crema_d", server, tmp_path / "out") == 0
        assert "1 have no sound" in capsys.readouterr().out
        assert json.loads((tmp_path / "out" / "download.json").read_text())["parts"]["crema_d"]["missing"] == [gone]


def test_iemocap_is_asked_for(tmp_path, capsys):
    assert download.main(["--corpus", "iemocap", "--out", str(tmp_path / "x")]) == 2
    assert "release form" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
