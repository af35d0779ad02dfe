import os
import subprocess
import sys

import pytest

from ser_fop.utils.redirect import redirect_stderr


def test_holds_back_what_is_written_to_the_descriptor_inside_and_nothing_after(tmp_path, capfd):
    with redirect_stderr(tmp_path / "log"):
        os.write(2, b"native\n")
        subprocess.run([sys.executable, "-c", "import sys; print('child', file=sys.stderr)"], check=True)
    os.write(2, b"after\n")
    assert (tmp_path / "log").read_text() == "native\nchild\n"
    assert capfd.readouterr().err == "after\n"


def test_an_error_passes_and_gives_the_terminal_back(tmp_path, capfd):
    def divide():
        with redirect_stderr(tmp_path / "log"):
            os.write(2, b"inside\n")
            return 1 / 0

    with pytest.raises(ZeroDivisionError):
        divide()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
