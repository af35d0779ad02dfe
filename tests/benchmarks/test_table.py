import dataclasses

import pytest

from benchmarks.table import comparison_table, figure, summary_table
from tests.benchmarks.made_up import comparison


def test_row_has_rate_ratio_and_memory():
    table = comparison_table(comparison(ours=(10.0, 12.0, 11.0), peer=(5.0, 6.0, 11.0)))
    ours, peer = table.strip().splitlines()[-2:]
    assert "11.0 (10.0 to 12.0)" in ours
    assert "6.00 (5.00 to 11.0)" in peer
    assert "2.00 (1.00 to 2.00)" in peer
    assert "0.25" in peer
    assert len({len(line) for line in table.strip().splitlines()[2:]}) == 1


def test_missing_contender_names_package_to_install():
    table = comparison_table(comparison(peer="not installed: torch"))
    assert 'not installed: torch (`pip install -e ".[dev,bench]"`)' in table


def test_other_failure_names_no_package():
    table = comparison_table(comparison(peer="ValueError: no"))
    assert "ValueError: no" in table
    assert "pip" not in table


def test_time_column_is_optional():
    table = comparison_table(dataclasses.replace(comparison(ours=(10.0,), peer=(0.5,)), whole=1.0))
    assert "100 ms" in table
    assert "2.00 s" in table
    assert "time" not in comparison_table(comparison())


def test_summary_names_stages_and_comparisons():
    table = summary_table({"one": [comparison(key="a")], "two": [comparison(key="b", peer="gone")]})
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == ["one", "two", "two"]


def test_ratio_is_empty_if_ours_failed():
    assert "ours failed" in comparison_table(comparison(ours="ours failed", peer=(1.0,)))


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1,230,000"), (99.96, "100"), (12.345, "12.3"), (0.01234, "0.0123")]
)
def test_figure_has_three_digits(value, text):
    assert figure(value).rstrip(".") == text
