import hashlib

import pytest

from ser_fop.corpora.downloads import fetching
from ser_fop.corpora.downloads.fetching import fetch, fetch_text
from ser_fop.errors import InputError
from ser_fop.testing.file_server import file_server

CONTENT = bytes(range(256)) * 5000
MD5 = ("md5", hashlib.md5(CONTENT).hexdigest())


@pytest.fixture
def server():
    with file_server({"/a.zip": CONTENT}) as running:
        yield running


def get(server, place, **options):
    return fetch(f"{server.address}/a.zip", place, **{"checksum": MD5, "wait_s": 0.0, **options})


class TestFetch:
    def test_fetch_writes_the_file_and_no_other(self, server, tmp_path):
        found = get(server, tmp_path / "a.zip", size=len(CONTENT))
        assert (tmp_path / "a.zip").read_bytes() == CONTENT
        assert found["bytes"] == len(CONTENT)
        assert found["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]

    def test_fetch_broken_connection_resumes(self, server, tmp_path):
        server.breaks_after = [300_000, 200_000]
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT
        assert [requested for _, requested in server.asked] == ["", "bytes=300000-", "bytes=500000-"]

    def test_fetch_second_call_resumes_after_last_attempt(self, server, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching, "ATTEMPTS", 1)
        server.breaks_after = [400_000]
        with pytest.raises(InputError, match="it resumes after the bytes"):
            get(server, tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()
        get(server, tmp_path / "a.zip")
        assert server.asked[-1] == ("/a.zip", "bytes=400000-")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    @pytest.mark.parametrize("fault", ["no ranges", "no tag", "another tag"])
    def test_fetch_starts_over_if_server_cannot_resume(self, server, tmp_path, monkeypatch, fault):
        monkeypatch.setattr(fetching, "ATTEMPTS", 1)
        server.tag = "" if fault == "no tag" else server.tag
        server.breaks_after = [400_000]
        with pytest.raises(InputError):
            get(server, tmp_path / "a.zip")
        server.ranges = fault != "no ranges"
        if fault == "another tag":
            server.tag = '"two"'
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    def test_fetch_wrong_checksum_is_rejected_and_removed(self, server, tmp_path):
        server.files["/a.zip"] = CONTENT[:-1] + b"\0"
        with pytest.raises(InputError, match=r"expected md5 .*, received .*: the file was damaged"):
            get(server, tmp_path / "a.zip")
        assert not list(tmp_path.iterdir())

    def test_fetch_wrong_size_is_rejected_before_download(self, server, tmp_path):
        with pytest.raises(InputError, match="expected 7 bytes, the server states 1280000"):
            get(server, tmp_path / "a.zip", size=7)

    def test_fetch_existing_file_is_not_downloaded_again(self, server, tmp_path):
        found = get(server, tmp_path / "a.zip")
        assert get(server, tmp_path / "a.zip") == found
        assert len(server.asked) == 1
        (tmp_path / "a.zip").write_bytes(b"cut")
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    @pytest.mark.parametrize("state", [b"", b"{", b"[]"])
    def test_fetch_damaged_state_file_starts_over(self, server, tmp_path, state):
        (tmp_path / "a.zip.partial").write_bytes(b"xyz")
        (tmp_path / "a.zip.partial.json").write_bytes(state)
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    def test_fetch_retries_after_too_many_requests(self, server, tmp_path):
        server.failures = [429, 429]
        get(server, tmp_path / "a.zip")
        assert len(server.asked) == 3

    def test_fetch_retries_after_server_errors(self, server, tmp_path):
        server.failures = [503, 500]
        get(server, tmp_path / "a.zip")
        assert len(server.asked) == 3

    def test_fetch_not_found_fails_without_retry(self, server, tmp_path):
        with pytest.raises(InputError, match=r"nothing answered 404 Not Found\. Its publisher's page is P"):
            fetch(f"{server.address}/nothing", tmp_path / "x", page="P", wait_s=0.0)
        assert len(server.asked) == 1

    def test_fetch_full_disk_fails_before_download(self, server, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
        with pytest.raises(InputError, match=r"0.0 GB free; .* needs 0.0"):
            get(server, tmp_path / "a.zip")

    def test_fetch_unreachable_server_names_the_attempts(self, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching, "ATTEMPTS", 2)
        with pytest.raises(InputError, match="could not be downloaded in 2 attempts"):
            fetch("http://127.0.0.1:9/x", tmp_path / "x", wait_s=0.0)


class TestFetchText:
    def test_fetch_text_returns_text_or_raises_file_not_found(self, server):
        server.files["/t"] = "grün".encode()
        server.failures = [502]
        assert fetch_text(f"{server.address}/t", wait_s=0.0) == "grün"
        with pytest.raises(FileNotFoundError):
            fetch_text(f"{server.address}/none", wait_s=0.0)
