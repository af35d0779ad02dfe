"""Plain English: sentence length, passive voice and spelling of the pages and of the docstrings."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import textstat

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Pages of decisions and measurements, for readers of the code: their sentences may be longer.
NOTEBOOKS = {"design.md", "performance.md", "studies.md"}
_NOT_PROSE = re.compile(
    r"^(```+).*?^\1[^\n]*$"  # code
    r"|<!-- ([\w ]+) -->.*?<!-- /\2 -->"  # generated tables
    r"|^\s*\|[^\n]*$|^#[^\n]*$|<!--.*?-->|<[^>\n]+>|!\[[^\]]*\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
_BE = r"(?:is|are|was|were|be|been|being)"
_IRREGULAR = (
    "done|made|given|taken|written|read|kept|known|seen|found|built|cut|left|set|shown|drawn|chosen|sent|held|run"
)
_PASSIVE = re.compile(rf"\b{_BE}(?: not| also| only| never| then)? (?:\w+ed|{_IRREGULAR})\b")


def sentences(text):
    prose = _NOT_PROSE.sub("\n", text)
    prose = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", prose)  # links
    prose = re.sub(r"`[^`]*`", "Code", prose)
    found = []
    for block in re.split(r"\n\s*\n|\n\s*(?=[-*>] |\d+\. )", prose):
        plain = re.sub(r"^[-*>\s]+|\*\*|^\d+\. ", "", " ".join(block.split()))
        found += [one for one in re.split(r"(?<=[.!?:;])\s+(?=[A-Z(`\"])", plain) if len(one.split()) > 2]
    return found


def docstrings():
    for path in sorted((ROOT / "ser_fop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                yield path, text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_sentences_are_short(page):
    found = sentences(page.read_text(encoding="utf-8"))
    lengths = [textstat.lexicon_count(one) for one in found]
    longest, share = (45, 0.17) if page.name in NOTEBOOKS else (34, 0.08)
    assert max(lengths, default=0) <= longest, max(found, key=textstat.lexicon_count)
    too_long = [one for one, length in zip(found, lengths, strict=True) if length > 25]
    assert len(too_long) <= max(1, share * len(found)), too_long


def test_voice_is_mostly_active():
    found = [one for page in PAGES for one in sentences(page.read_text(encoding="utf-8"))]
    passive = [one for one in found if _PASSIVE.search(one)]
    assert len(passive) / len(found) <= 0.2


def test_passive_is_recognised():
    assert _PASSIVE.search("The folder is not written twice.")
    assert not _PASSIVE.search("The stage writes one folder.")


def test_docstrings_have_short_sentences():
    found = [one for _, text in docstrings() for one in sentences(text.partition("Example:")[0])]
    long = [one for one in found if textstat.lexicon_count(one) > 30]
    assert len(long) / len(found) <= 0.01


def test_spelling():
    folders = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "ser_fop", "pipelines", "saved_models"]
    command = [sys.executable, "-m", "codespell_lib", *folders]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
