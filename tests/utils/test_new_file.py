import os
import stat

import pytest

from ser_fop.errors import InputError
from ser_fop.utils.new_file import check_output, new_file


def test_new_file_appears_complete(tmp_path):
    with new_file(tmp_path / "a.npz") as path:
        path.write_text("new")
        assert not (tmp_path / "a.npz").exists()
        assert path.suffix == ".npz"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.npz", "new")]


def test_new_file_keeps_the_earlier_one_after_an_error(tmp_path):
    def write_half():
        with new_file(tmp_path / "a.csv") as path:
            path.write_text("half")
            raise ZeroDivisionError

    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(ZeroDivisionError):
        write_half()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "before")]


def test_new_file_keeps_a_link(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    with new_file(tmp_path / "link.csv") as path:
        path.write_text("new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


def test_new_file_writes_a_pipe_directly(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with new_file(tmp_path / "pipe") as path:
        assert path == tmp_path / "pipe"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_check_output_rejects_folders_and_missing_parents(tmp_path):
    check_output(tmp_path / "a.csv", "--out")
    with pytest.raises(InputError, match="--out expected a file, received the folder"):
        check_output(tmp_path, "--out")
    with pytest.raises(InputError, match="--out expected a file in an existing folder"):
        check_output(tmp_path / "none" / "a.csv", "--out")
