import os
import subprocess
import sys

import pytest

from ser_fop.utils.redirect import redirect_stderr


def test_redirect_stderr_captures_native_code_and_child_processes(tmp_path, capfd):
    with redirect_stderr(tmp_path / "log"):
        os.write(2, b"native\n")
        subprocess.run([sys.executable, "-c", "import sys; print('child', file=sys.stderr)"], check=True)
    os.write(2, b"after\n")
    assert (tmp_path / "log").read_text() == "native\nchild\n"
    assert capfd.readouterr().err == "after\n"


def test_redirect_stderr_after_an_error_restores_stderr(tmp_path, capfd):
    def divide():
        with redirect_stderr(tmp_path / "log"):
            os.write(2, b"inside\n")
            return 1 / 0

    with pytest.raises(ZeroDivisionError):
        divide()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
