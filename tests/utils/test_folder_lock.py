import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ser_fop.errors import InputError
from ser_fop.utils import folder_lock as module
from ser_fop.utils.folder_lock import folder_lock

HOLD = """
import sys, time
from pathlib import Path
from ser_fop.utils.folder_lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Start another process that holds the lock of `tmp_path / "out"`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_second_process_is_refused_with_the_number_of_the_first(tmp_path, holder):
    with (
        pytest.raises(InputError, match=rf"another process \(number {holder.pid}\) is writing .*out\."),
        folder_lock(tmp_path / "out"),
    ):
        pass
    with folder_lock(tmp_path / "other"):  # another folder is free
        pass


def test_lock_of_a_killed_process_is_free(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with folder_lock(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_lock_is_released_and_removed_after_an_error(tmp_path):
    for _ in range(2):
        for error in (ZeroDivisionError, FileNotFoundError):
            with pytest.raises(error), folder_lock(tmp_path / "new" / "out"):
                raise error
    assert list((tmp_path / "new").iterdir()) == []


def test_lock_of_the_current_folder_is_named_after_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with folder_lock(Path(".")):
        assert tmp_path.with_name(f"{tmp_path.name}.lock").exists()


def test_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fcntl", None)
    with folder_lock(tmp_path / "out"), folder_lock(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def _work(folder):
    """Try until the lock can be entered; return the times of entry and exit."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with folder_lock(folder / "out"):
                start = time.monotonic()
                time.sleep(0.002)
                return start, time.monotonic()
        except InputError:
            time.sleep(0.001)
    return None


def test_holders_never_overlap(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        spans = pool.map(_work, [tmp_path] * 40, chunksize=1)
    assert all(spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(sorted(spans)))
