import pytest


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("README.md", "benchmarks"),
        ("docs/performance.md", "benchmarks"),
        ("docs/use.md", "serving"),
        ("docs/scaling.md", "scaling"),
    ],
)
def test_the_figures_of_the_pages_are_those_recorded(script, page, marker):
    module = script("update_benchmarks")
    text = (module.ROOT / page).read_text(encoding="utf-8")
    assert module.update(page, text) == text, "run `python docs/update_benchmarks.py`"
    by_hand = text.replace(f"<!-- {marker} -->", f"<!-- {marker} -->\n99.9")
    assert by_hand != text
    assert module.update(page, by_hand) == text


def test_pages_name_every_comparison(script):
    module = script("update_benchmarks")
    recorded = module.json.loads(module.RESULTS.read_text(encoding="utf-8"))
    for page in ("README.md", "docs/performance.md"):
        text = (module.ROOT / page).read_text(encoding="utf-8")
        assert [key for key in recorded if key not in text] == []
