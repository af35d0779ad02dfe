from pathlib import Path

import pytest

from ser_fop.utils.stored_paths import stored_paths


@pytest.mark.parametrize(
    ("found", "expected"),
    [("a", (Path("a"),)), (["a", "b"], (Path("a"), Path("b"))), (None, ()), ("", ()), ([], ())],
)
def test_stored_paths_of_one_path_a_list_or_nothing(found, expected):
    assert stored_paths(found) == expected
