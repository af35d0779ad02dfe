import pickle
from pathlib import Path

import pytest

from ser_fop.errors import InputError
from ser_fop.utils.remote import is_remote, location, read_remote, remote_files, translate_fs_errors


@pytest.fixture
def folder():
    """Return an empty folder in memory."""
    found = location("memory://locations")
    yield found
    found.fs.rm(found.path, recursive=True) if found.exists() else None


class TestLocation:
    @pytest.mark.parametrize("text", ["a/b", "/a/b", "C:/x", "a:b", "."])
    def test_location_of_a_folder_is_a_path(self, text):
        assert location(text) == Path(text)
        assert type(location(text)) is type(Path(text))

    def test_location_of_a_file_url_is_a_path(self):
        assert location("file:///a/b") == Path("/a/b")

    @pytest.mark.parametrize("text", ["memory://bucket/a/b", "s3://bucket/a", "gs://bucket"])
    def test_location_of_a_url_survives_text_and_pickle(self, text):
        found = location(text)
        assert is_remote(found)
        assert str(found).rstrip("/") == text
        assert location(str(found)) == found
        assert pickle.loads(pickle.dumps(found)) == found

    def test_is_remote_of_a_path_is_false(self):
        assert not is_remote(Path("s3://bucket"))
        assert not is_remote(None)

    def test_location_rejects_an_unknown_protocol(self):
        with pytest.raises(InputError, match=r"foo://x: expected .*s3:// or gs://, received foo://"):
            location("foo://x")


class TestTranslateFsErrors:
    def test_translate_fs_errors_names_a_missing_package(self):
        match = r"s3://b needs a package .*\(Install s3fs\).*s3fs for s3://"
        with pytest.raises(InputError, match=match), translate_fs_errors("s3://b"):
            raise ImportError("Install s3fs")

    def test_translate_fs_errors_gives_one_line(self):
        class NoCredentialsError(Exception):
            pass

        match = r"^s3://b cannot be reached \(NoCredentialsError: none found\)\. Check the address, the credentials"
        with pytest.raises(InputError, match=match), translate_fs_errors("s3://b"):
            raise NoCredentialsError("none\n found.")

    def test_translate_fs_errors_keeps_file_not_found(self):
        with pytest.raises(FileNotFoundError), translate_fs_errors("s3://b"):
            raise FileNotFoundError


class TestFiles:
    def test_remote_files_are_relative_and_in_local_order(self, folder, tmp_path):
        for name in ("b/1.wav", "a.wav", "a/2.wav", "a/1.wav", "a b/#1.wav"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"1")
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"1")
        local = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*")) if path.is_file()]
        assert remote_files(folder) == local
        assert [read_remote(folder / name) for name in local] == [b"1"] * 5

    def test_remote_files_of_an_empty_folder_are_none(self, folder):
        assert remote_files(folder) == []
        with pytest.raises(FileNotFoundError):
            read_remote(folder / "a.wav")
