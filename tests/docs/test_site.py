"""The site: its strict build, the tutorials, and the parts that make pages from files."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def notebook(path, *cells):
    path.write_text(json.dumps({"cells": list(cells)}), encoding="utf-8")
    return path


def test_notebook_page_has_text_code_and_output(script, tmp_path):
    text = {"cell_type": "markdown", "source": ["# Title\n", "\n", "Words."]}
    printed = {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]}
    drawn = {"output_type": "display_data", "data": {"image/png": "aGVsbG8=", "text/plain": ["<Figure>"]}}
    code = {"cell_type": "code", "source": ["print(1)"], "outputs": [printed, drawn]}
    page, pictures = script("notebook_page").notebook_page(notebook(tmp_path / "one.ipynb", text, code))
    assert page.startswith("# Title\n\n<a href='one.ipynb' download>")
    assert "```python\nprint(1)\n```\n\n```text\n1\n2\n```\n\n![Output of the cell above](one_1_1.png)" in page
    assert pictures == {"one_1_1.png": b"hello"}


def test_stored_tutorials_have_outputs_but_no_warnings():
    for path in sorted((ROOT / "docs" / "tutorials").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert bool(outputs) is (path.stem != "ravdess"), path.name
        assert not [output for output in outputs if output.get("name") == "stderr" or "ename" in output], path.name
        assert path.stat().st_size < 300_000


def test_pictures_are_small():
    pictures = [path for folder in ("pictures", "plots") for path in (ROOT / "docs" / folder).iterdir()]
    assert sum(path.stat().st_size for path in pictures) < 3_000_000


def test_drawn_pictures_have_the_stored_text(script):
    module = script("draw_overview")
    stored = (ROOT / "docs" / "pictures" / "architecture.svg").read_text(encoding="utf-8")
    assert module.architecture() == stored, "run `python docs/draw_overview.py`"


needs_docs = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("mkdocs", "mkdocstrings", "nbclient")),
    reason="needs the extra docs",
)


@pytest.mark.slow
@needs_docs
def test_strict_build_has_every_page(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    pages = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "reference/api.html", "tutorials/audio_to_table_1.html", "gallery.html"} <= pages
    assert "StreamingRecogniser" in (tmp_path / "site" / "reference" / "api.html").read_text(encoding="utf-8")


@pytest.mark.slow
@needs_docs
@pytest.mark.parametrize("name", ["audio_to_table_1", "features_in_scikit_learn"])
def test_tutorial_runs(script, name):
    module = script("run_notebooks")
    assert name in module.EXECUTED
    found = module.executed(name)
    assert [cell for cell in found.cells if cell.cell_type == "code"][-1].outputs
