"""Downloads from a local server that imitates the publishers."""

import dataclasses
import hashlib
import io
import json
import re
import tarfile
import zipfile

import pytest
from ser_fop.pipelines import download, info

from ser_fop.corpora.downloads import crema_d, sources
from ser_fop.testing.fake_corpora import fake_crema_d, fake_ravdess, fake_speech_commands
from ser_fop.testing.file_server import file_server

RAVDESS = "/records/1188976/files/Audio_Speech_Actors_01-24.zip"
RAW, SOUND = "/CheyneyComputerScience/CREMA-D/master/", "/media/CheyneyComputerScience/CREMA-D/master/"


@pytest.fixture
def ravdess(tmp_path, monkeypatch):
    """A server with an archive in the layout of RAVDESS; its checksum counts as the published one."""
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


def run_download(corpus, server, out, *options):
    return download.main(["--corpus", corpus, "--mirror", server.address, "--out", str(out), *options])


class TestArchive:
    def test_download_checks_and_unpacks_archive(self, ravdess, tmp_path, capsys):
        assert run_download("ravdess", ravdess, tmp_path / "out") == 0
        printed = capsys.readouterr().out
        assert "CC BY-NC-SA 4.0" in printed
        assert "checked by its published MD5" in printed
        assert sorted(path.name for path in (tmp_path / "out").iterdir())[:2] == ["Actor_01", "Actor_02"]
        assert not (tmp_path / "out" / ".download").exists()
        assert info.main(["--corpus", "ravdess", "--audio-dir", str(tmp_path / "out")]) == 0
        assert re.search(r"speakers\s+24", capsys.readouterr().out)

    def test_second_download_fetches_nothing(self, ravdess, tmp_path, capsys):
        assert run_download("ravdess", ravdess, tmp_path / "out", "--keep-archives") == 0
        assert (tmp_path / "out" / ".download" / "Audio_Speech_Actors_01-24.zip").exists()
        assert run_download("ravdess", ravdess, tmp_path / "out") == 0
        assert "speech: already downloaded" in capsys.readouterr().out
        assert len(ravdess.asked) == 1

    def test_damaged_archive_is_rejected(self, ravdess, tmp_path, capsys):
        content = ravdess.files[RAVDESS]
        ravdess.files[RAVDESS] = content[:-9] + b"\0" + content[-8:]
        assert run_download("ravdess", ravdess, tmp_path / "out") == 2
        assert "the file was damaged in transfer" in capsys.readouterr().err
        assert not (tmp_path / "out" / "download.json").exists()
        ravdess.files[RAVDESS] = content
        assert run_download("ravdess", ravdess, tmp_path / "out") == 0

    def test_folder_of_other_corpus_is_rejected(self, ravdess, tmp_path, capsys):
        assert run_download("ravdess", ravdess, tmp_path / "out") == 0
        assert run_download("emodb", ravdess, tmp_path / "out") == 2
        assert "already holds ravdess. Choose another folder for emodb" in capsys.readouterr().err


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

    def test_recordings_are_fetched_by_lfs_pointer(self, server, tmp_path):
        assert run_download("crema_d", server, tmp_path / "out") == 0
        found = {path.stem: path.read_bytes() for path in (tmp_path / "out" / "AudioWAV").iterdir()}
        assert found == server.sounds
        assert info.main(["--corpus", "crema_d", "--audio-dir", str(tmp_path / "out")]) == 0

    def test_second_download_repairs_missing_and_damaged_files(self, server, tmp_path):
        assert run_download("crema_d", server, tmp_path / "out") == 0
        first, second, *_ = sorted((tmp_path / "out" / "AudioWAV").iterdir())
        first.unlink()
        second.write_bytes(b"cut")
        (tmp_path / "out" / "download.json").unlink()
        server.asked.clear()
        assert run_download("crema_d", server, tmp_path / "out") == 0
        assert sum(path.startswith(SOUND) for path, _ in server.asked) == 2
        assert second.read_bytes() == server.sounds[second.stem]

    def test_many_missing_recordings_are_rejected(self, server, tmp_path, capsys):
        for name in list(server.sounds)[:2]:
            del server.files[f"{RAW}AudioWAV/{name}.wav"]
        assert run_download("crema_d", server, tmp_path / "out") == 2
        assert f"2 of {len(server.sounds)} recordings are not where" in capsys.readouterr().err

    def test_few_missing_recordings_are_reported(self, server, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(crema_d, "_MAX_MISSING", 0.5)
        missing = min(server.sounds)
        del server.files[f"{RAW}AudioWAV/{missing}.wav"]
        assert run_download("crema_d", server, tmp_path / "out") == 0
        assert "1 without audio" in capsys.readouterr().out
        assert json.loads((tmp_path / "out" / "download.json").read_text())["parts"]["crema_d"]["missing"] == [missing]


class TestVersions:
    @pytest.fixture
    def server(self, tmp_path, monkeypatch):
        made = fake_speech_commands(tmp_path / "made", words=("yes", "no"))
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(made, arcname=".")
        content = packed.getvalue()
        published = sources.SOURCES["speech_commands"]
        md5 = hashlib.md5(content).hexdigest()
        archives = {name: dataclasses.replace(one, md5=md5) for name, one in published.archives.items()}
        monkeypatch.setitem(sources.SOURCES, "speech_commands", dataclasses.replace(published, archives=archives))
        with file_server(
            {f"/download.tensorflow.org/data/{one.name}": content for one in archives.values()}
        ) as running:
            yield running

    def test_download_fetches_second_version_by_default(self, server, tmp_path, capsys):
        assert run_download("speech_commands", server, tmp_path / "out") == 0
        assert [path for path, _ in server.asked] == ["/download.tensorflow.org/data/speech_commands_v0.02.tar.gz"]
        assert info.main(["--corpus", "speech_commands", "--audio-dir", str(tmp_path / "out")]) == 0
        assert re.search(r"speakers\s+6[\s\S]*problems\s+0", capsys.readouterr().out)

    def test_two_versions_in_one_folder_are_refused(self, server, tmp_path, capsys):
        out = tmp_path / "out"
        assert run_download("speech_commands", server, out, "--parts", "v0.01", "v0.02") == 2
        assert "expected one version of speech_commands, received v0.01 and v0.02" in capsys.readouterr().err
        assert run_download("speech_commands", server, out, "--parts", "v0.01") == 0
        assert run_download("speech_commands", server, out) == 2
        assert run_download("speech_commands", server, out, "--parts", "v0.01") == 0


@pytest.mark.parametrize(
    ("corpus", "way"), [("iemocap", "release form"), ("voxceleb1", "fill in the form on https://mm")]
)
def test_corpus_on_request_cannot_be_downloaded(tmp_path, capsys, corpus, way):
    assert download.main(["--corpus", corpus, "--out", str(tmp_path / "x")]) == 2
    assert way in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
