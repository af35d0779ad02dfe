"""Figures in prose: each one is what its query finds in the stored results."""

import re

import pytest


@pytest.fixture
def module(script):
    return script("update_figures")


def test_pages_state_the_stored_figures(module):
    for path in module.pages():
        text = path.read_text(encoding="utf-8")
        assert module.update(text) == text, f"{path.name}: run `python docs/update_figures.py`"


def test_update_removes_typed_figure(module):
    page = module.ROOT / "docs" / "results" / "baselines.md"
    text = page.read_text(encoding="utf-8")
    typed = module.MARKED.sub(lambda found: f"<!--={found[1]}-->99.9<!--/-->", text)
    assert typed != text
    assert module.update(typed) == text


def test_table_of_readme_has_six_rows_with_intervals(module):
    rows = module.headline().splitlines()[2:]
    assert len(rows) == 6
    assert all(re.search(r"\d+\.\d \[\d+\.\d, \d+\.\d\]", row) for row in rows)


def test_unknown_query_is_refused(script):
    with pytest.raises(KeyError):
        script("figures").figure("nothing")
