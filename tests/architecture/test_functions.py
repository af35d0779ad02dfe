"""Limits on the length of functions and on local imports."""

import ast

import pytest

from tests.architecture.test_imports import MODULES

MAX_LINES = 80
# Functions that must be longer, with the reason for each.
LONGER: dict[str, str] = {}


def lengths(source):
    """Return the number of lines of every function, by name."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: node.end_lineno - node.lineno + 1 for node in nodes}


def imports_inside(source):
    """Return the number of imports inside each function, by name."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        node.name: sum(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)) for node in nodes
    }


@pytest.mark.parametrize("name", MODULES)
def test_functions_are_within_length_limit(name):
    found = lengths(MODULES[name].read_text(encoding="utf-8"))
    assert {f"{name}.{one}": n for one, n in found.items() if n > MAX_LINES and f"{name}.{one}" not in LONGER} == {}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("ser_fop.pipelines.")])
def test_scripts_import_at_the_top(name):
    found = imports_inside(MODULES[name].read_text(encoding="utf-8"))
    # `serve` imports its extra in the function, to report a missing package.
    assert {one: n for one, n in found.items() if n} == ({"run": 3} if name.endswith(".serve") else {})


def test_checks_find_long_function_and_local_import():
    long = "def f():\n" + "    x = 1\n" * MAX_LINES
    assert lengths(long) == {"f": MAX_LINES + 1}
    assert imports_inside("def f():\n    import os\n") == {"f": 1}
