"""Damaged shards and tables of a records folder are found when the folder is opened, in one line."""

import contextlib

import pytest

from ser_fop.data.records import CONTENT, Records
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from tests.robustness.mutations import mutate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("records") / "toy", toy_utterances()).folder


@pytest.mark.parametrize(
    ("pattern", "seeds"), [("*.tfrecord", 300), *((name, 60) for name in CONTENT), ("config.json", 60)]
)
def test_damaged_file_of_a_records_folder_is_refused(folder, pattern, seeds):
    path = sorted(folder.glob(pattern))[0]
    content = path.read_bytes()
    try:
        for seed in range(seeds):
            damaged = mutate(content, seed, header=len(content))
            path.write_bytes(damaged)
            if damaged == content or pattern == "config.json":
                _open(folder)
                continue
            with pytest.raises(InputError) as error:
                Records(folder)
            assert "\n" not in str(error.value), seed
    finally:
        path.write_bytes(content)
    Records(folder)


def _open(folder):
    """Open records whose config may be damaged: only some of its keys matter."""
    with contextlib.suppress(InputError):
        Records(folder)
