import errno

import pytest

from ser_fop.utils.system_errors import system_message


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/x/weights.h5"),
        OSError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"),
        RuntimeError("/x/mel.tfrecord; No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
    ],
)
def test_full_disk_is_named_whoever_raises_it(error):
    assert system_message(error).startswith("the disk is full")


def test_full_disk_behind_another_error_is_named():
    error = ValueError("could not save")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert system_message(error).startswith("the disk is full")


def test_circle_of_causes_ends():
    error, trial = ZeroDivisionError(), RuntimeError("trial failed")
    error.__context__, trial.__cause__ = trial, error
    assert system_message(error) == ""
    full = OSError(errno.ENOSPC, "No space left on device")
    full.__context__ = error
    assert system_message(full).startswith("the disk is full")


def test_other_system_errors_are_one_line():
    assert system_message(OSError(errno.EACCES, "Permission denied", "/x")) == "[Errno 13] Permission denied: '/x'"


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("errno = 2")])
def test_programming_errors_are_no_system_errors(error):
    assert system_message(error) == ""
