import pytest


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("docs/results/speed.md", "benchmarks"),
        ("docs/lab-notebook/performance.md", "benchmarks"),
        ("docs/how-to/serve.md", "serving"),
        ("docs/how-to/stream.md", "streaming"),
        ("docs/how-to/scale.md", "scaling"),
    ],
)
def test_generated_block_matches_recorded_figures(script, page, marker):
    module = script("update_benchmarks")
    text = (module.ROOT / page).read_text(encoding="utf-8")
    assert module.update(page, text) == text, "run `python docs/update_benchmarks.py`"
    edited = text.replace(f"<!-- {marker} -->", f"<!-- {marker} -->\n99.9")
    assert edited != text
    assert module.update(page, edited) == text


def test_pages_show_every_comparison(script):
    module = script("update_benchmarks")
    recorded = module.json.loads(module.RESULTS.read_text(encoding="utf-8"))
    for page in ("docs/results/speed.md", "docs/lab-notebook/performance.md"):
        text = (module.ROOT / page).read_text(encoding="utf-8")
        assert [key for key in recorded if key not in text] == []
