"""The page of robustness: each row names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "robustness.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(\w+)`")


def named_tests():
    found, file = [], ""
    for match in _NAMED.finditer(PAGE):
        file = match[1] or file  # `::name` is in the file before it
        found.append((file, match[2]))
    return found


def functions_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), named_tests())
def test_named_test_exists(file, name):
    assert name in functions_of(file)


def test_every_row_names_a_test():
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| Input |", "| Files |"))
    ]
    assert len(rows) > 40
    assert all(_NAMED.search(row) for row in rows)
