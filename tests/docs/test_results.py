import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def update_results():
    spec = importlib.util.spec_from_file_location("update_results", ROOT / "docs" / "update_results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figures_of_the_readme_are_those_kept():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert update_results().update(readme) == readme, "run `python docs/update_results.py`"


def test_a_figure_typed_by_hand_would_be_seen():
    module = update_results()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert module.update(readme.replace(module.START, module.START + "\n99.9")) == readme
