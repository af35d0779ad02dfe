import pytest


@pytest.fixture
def module(script):
    return script("update_results")


@pytest.fixture
def marks(script):
    return script("marks").marks


def test_generated_blocks_match_stored_results(module):
    for page in module.PAGES:
        text = (module.ROOT / page).read_text(encoding="utf-8")
        assert module.update(text, page=page) == text, f"{page}: run `python docs/update_results.py`"


def test_every_result_is_on_one_page(module, marks):
    texts = [(module.ROOT / page).read_text(encoding="utf-8") for page in module.PAGES]
    for path in module.RESULTS.glob("*.json"):
        assert sum(text.count(mark) for text in texts for mark in marks(f"result {path.stem}")) == 2, path.name


def test_update_removes_manual_figure(module, marks):
    for page in module.PAGES:
        text = (module.ROOT / page).read_text(encoding="utf-8")
        for path in module.RESULTS.glob("*.json"):
            start, _ = marks(f"result {path.stem}")
            assert module.update(text.replace(start, start + "\n99.9"), page=page) == text
