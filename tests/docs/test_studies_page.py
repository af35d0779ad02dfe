"""The page of the studies: one question a section, with one answer, one plot and folded tables."""

import importlib
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lab-notebook" / "studies.md").read_text(encoding="utf-8")
PLOTS = ROOT / "docs" / "plots"
SECTIONS = dict(section.split("\n", 1) for section in PAGE.split("\n## ")[1:])
_IMAGE = re.compile(r"!\[([^\]]*)\]\(\.\./plots/(\w+)\.svg\)")
_FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)
# Versions of Matplotlib place the axes up to three points apart. A plot is 316 points wide.
_PLACE_PT = 4.0
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def load():
    """Return a function that imports a script of docs/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        yield importlib.import_module


@pytest.fixture(scope="module")
def plots(load):
    studies, results, errors, probes = (load(f"update_{name}") for name in ("studies", "results", "errors", "probes"))
    return {**studies.plots(PAGE), **results.plots(), **errors.plots(), **probes.plots()}


def parts(svg):
    """Return the visible text of an SVG element and its coordinates; versions of Matplotlib differ in the rest."""
    elements = list(ElementTree.fromstring(svg).iter())
    coordinates = " ".join(element.get(name, "") for element in elements for name in ("x", "y", "d"))
    texts = [element.text for element in elements if element.tag.endswith("}text")]
    return texts, np.array([float(number) for number in _NUMBER.findall(coordinates)])


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_stored_plots_are_what_the_scripts_draw(plots):
    stored = {path.stem: path.read_text(encoding="utf-8") for path in PLOTS.glob("*.svg")}
    assert stored.keys() == plots.keys(), "run the scripts `python docs/update_*.py`"
    for name, svg in plots.items():
        (texts, numbers), (stored_texts, stored_numbers) = parts(svg), parts(stored[name])
        assert texts == stored_texts, (
            f"{name}: run `python docs/update_studies.py`, `update_results.py`, `update_errors.py`"
        )
        np.testing.assert_allclose(numbers, stored_numbers, rtol=0, atol=_PLACE_PT, err_msg=name)


def test_tables_of_probes_are_what_the_script_writes(load):
    probes = load("update_probes")
    for name, figures in probes.stored().items():
        assert f"<!-- {name} -->\n{probes.table(figures)}\n<!-- /{name} -->" in PAGE


def test_every_plot_is_on_the_page_once():
    assert sorted(name for _, name in _IMAGE.findall(PAGE)) == sorted(path.stem for path in PLOTS.glob("*.svg"))


@pytest.mark.parametrize("heading", SECTIONS)
def test_section_has_question_answer_plot_and_folded_tables(heading):
    assert heading.endswith("?")
    assert SECTIONS[heading].count("<details>") == SECTIONS[heading].count("</details>") > 0
    shown = _FOLD.sub("", SECTIONS[heading])
    shown = re.sub(r"<!--.*?-->", "", shown)  # the marks of figures are no words
    answer, plot, *rest = [block for block in shown.split("\n\n") if block.strip()]
    assert re.fullmatch(r"\*\*[^\n]*\.\*\*", answer.strip())
    assert len(answer.split()) <= 30
    alt, _ = _IMAGE.fullmatch(plot.strip()).groups()
    assert len(alt.split()) > 5
    assert not any(_IMAGE.search(block) for block in rest)
    assert not re.search(r"^\|", shown, re.MULTILINE)


def test_contents_list_every_question():
    assert re.findall(r"^- \[(.*)\]\(#", PAGE.partition("\n## ")[0], re.MULTILINE) == list(SECTIONS)


def test_links_to_sections_exist():
    links = re.findall(r"\]\(#([^)]*)\)", PAGE)
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        links += re.findall(r"studies\.md#([^)]*)\)", path.read_text(encoding="utf-8"))
    assert links
    assert set(links) <= anchors(PAGE)


def test_names_in_a_plot_are_unique(load):
    module = load("study_plots")
    for study in ("finetuning_ravdess", "finetuning_development"):
        names = [module._recipe(options) for options in module.trials_of(study)]
        assert len(set(names)) == len(names)
