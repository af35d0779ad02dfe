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
    def test_a_file_arrives_whole_and_leaves_nothing_beside_it(self, server, tmp_path):
        found = get(server, tmp_path / "a.zip", size=len(CONTENT))
        assert (tmp_path / "a.zip").read_bytes() == CONTENT
        assert found["bytes"] == len(CONTENT)
        assert found["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]

    def test_a_cut_connection_is_taken_up_where_it_broke(self, server, tmp_path):
        server.breaks_after = [300_000, 200_000]
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT
        assert [asked for _, asked in server.asked] == ["", "bytes=300000-", "bytes=500000-"]

    def test_the_same_command_goes_on_after_it_gave_up(self, server, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching, "ATTEMPTS", 1)
        server.breaks_after = [400_000]
        with pytest.raises(InputError, match="What has arrived is kept"):
            get(server, tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()
        get(server, tmp_path / "a.zip")
        assert server.asked[-1] == ("/a.zip", "bytes=400000-")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    @pytest.mark.parametrize("fault", ["no ranges", "no tag", "another tag"])
    def test_it_begins_anew_where_a_part_would_not_fit(self, server, tmp_path, monkeypatch, fault):
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

    def test_another_file_than_was_published_is_refused_and_removed(self, server, tmp_path):
        server.files["/a.zip"] = CONTENT[:-1] + b"\0"
        with pytest.raises(InputError, match=r"expected md5 .*, received .*: it broke on its way"):
            get(server, tmp_path / "a.zip")
        assert not list(tmp_path.iterdir())

    def test_another_size_is_told_before_it_is_fetched(self, server, tmp_path):
        with pytest.raises(InputError, match="expected 7 bytes, received word of 1280000"):
            get(server, tmp_path / "a.zip", size=7)

    def test_what_is_there_already_is_not_fetched(self, server, tmp_path):
        found = get(server, tmp_path / "a.zip")
        assert get(server, tmp_path / "a.zip") == found
        assert len(server.asked) == 1
        (tmp_path / "a.zip").write_bytes(b"cut")
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    @pytest.mark.parametrize("left", [b"", b"{", b"[]"])
    def test_a_note_that_was_cut_short_begins_it_anew(self, server, tmp_path, left):
        (tmp_path / "a.zip.partial").write_bytes(b"xyz")
        (tmp_path / "a.zip.partial.json").write_bytes(left)
        get(server, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == CONTENT

    def test_a_server_that_is_asked_too_often(self, server, tmp_path):
        server.failures = [429, 429]
        get(server, tmp_path / "a.zip")
        assert len(server.asked) == 3

    def test_a_server_that_fails_for_a_while(self, server, tmp_path):
        server.failures = [503, 500]
        get(server, tmp_path / "a.zip")
        assert len(server.asked) == 3

    def test_a_refusal_is_told_at_once(self, server, tmp_path):
        with pytest.raises(InputError, match=r"nothing answered 404 Not Found\. Its publisher's page is P"):
            fetch(f"{server.address}/nothing", tmp_path / "x", page="P", wait_s=0.0)
        assert len(server.asked) == 1

    def test_a_full_disk_is_told_before_anything_is_fetched(self, server, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
        with pytest.raises(InputError, match=r"0.0 GB free; .* needs 0.0"):
            get(server, tmp_path / "a.zip")

    def test_nobody_there(self, tmp_path, monkeypatch):
        monkeypatch.setattr(fetching, "ATTEMPTS", 2)
        with pytest.raises(InputError, match="was not reached, or broke off, 2 times"):
            fetch("http://127.0.0.1:9/x", tmp_path / "x", wait_s=0.0)


class TestFetchText:
    def test_text_and_nothing(self, server):
        server.files["/t"] = "grün".encode()
        server.failures = [502]
        assert fetch_text(f"{server.address}/t", wait_s=0.0) == "grün"
        with pytest.raises(FileNotFoundError):
            fetch_text(f"{server.address}/none", wait_s=0.0)
