"""Imports point down; what is meant to run on every backend knows no TensorFlow."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

import ser_fop

# A unit is the longest of these dotted prefixes that a module's name below `ser_fop` begins with. A module imports its
# own unit, and units of a lower rank.
RANKS = {
    "errors": 0,
    "utils": 1,
    "config": 2,
    "corpora": 3,
    "layers": 3,
    "losses": 3,
    "metrics": 4,
    "data": 4,
    "models": 4,
    "evaluation": 4,
    "hub": 5,
    "training": 6,
    "hypercolumns": 7,
    "experiments": 7,
    "experiments.reporting": 8,
    "tuning": 7,
    "inference": 8,
    "serving": 9,
    "export": 9,
    "cli": 9,
    "api": 10,
    "pipelines": 11,
    "testing": 12,
}
# Modules at the top of the package; all others stand in rooms.
TOP = {"errors", "cli", "losses", "metrics"}
# The one module of the layers that uses a backend.
TENSORFLOW_KERNELS = "ser_fop.layers.tensorflow_kernels"
# These run on every Keras backend, or before a backend is chosen.
WITHOUT_TENSORFLOW = (
    "errors",
    "utils",
    "config",
    "cli",
    "corpora",
    "layers",
    "losses",
    "metrics",
    "models",
    "experiments",
    "experiments.reporting",
    "hub.published",
    "hub.versions",
)
MOST_LINES = 300


def _modules():
    """Return the file of every module by name, the pipelines (installed from another folder) included."""
    roots = {"ser_fop": Path(ser_fop.__file__).parent}
    roots["ser_fop.pipelines"] = Path(importlib.util.find_spec("ser_fop.pipelines").origin).parent
    found = {}
    for package, root in roots.items():
        for path in sorted(root.rglob("*.py")):
            parts = [package, *path.relative_to(root).with_suffix("").parts]
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = _modules()


def imports_of(source):
    """Return the modules that a source imports; what is imported from a package counts as one of its modules."""
    found = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []  # never imported
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


IMPORTS = {name: imports_of(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def unit(module):
    """Return the unit of a module of `ser_fop`, or None for anything else."""
    below = module.removeprefix("ser_fop.")
    if below == module:
        return None
    return max((name for name in RANKS if _is_below(below, name)), key=len, default=below.split(".")[0])


def _is_below(module, prefix):
    return module == prefix or module.startswith(f"{prefix}.")


def violations(name, imported):
    """Return the imports of a module that do not point down."""
    own = unit(name)
    targets = {unit(target) for target in imported if target != "ser_fop"} & set(RANKS)
    return sorted(target for target in targets if target != own and RANKS[target] >= RANKS[own])


def closure(name):
    """Return every module of the package that importing one brings along, with itself."""
    reached, pending = set(), [name]
    while pending:
        module = pending.pop()
        if module in MODULES and module not in reached:
            reached.add(module)
            parents = {module.rsplit(".", 1)[0]} if "." in module else set()
            pending += [*IMPORTS[module], *parents]
    return reached


def test_every_module_has_a_rank():
    assert {unit(name) for name in MODULES} - {None} == set(RANKS)


def test_only_a_few_modules_stand_at_the_top():
    top = {path.stem for path in Path(ser_fop.__file__).parent.glob("*.py")}
    assert top == TOP | {"__init__"}


@pytest.mark.parametrize("name", MODULES)
class TestEveryModule:
    def test_imports_point_down(self, name):
        if unit(name):
            assert violations(name, IMPORTS[name]) == []

    def test_no_inner_part_of_keras_and_no_star(self, name):
        assert not [target for target in IMPORTS[name] if target.startswith("keras.src") or target.endswith(".*")]

    def test_is_short(self, name):
        lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES

    def test_can_be_imported_and_says_what_it_is(self, name):
        assert importlib.import_module(name).__doc__


def test_only_pipelines_import_pipelines():
    users = {name for name, imported in IMPORTS.items() if any(unit(target) == "pipelines" for target in imported)}
    assert {unit(name) for name in users} <= {"pipelines"}


def test_nothing_but_tests_imports_testing():
    users = {name for name, imported in IMPORTS.items() if any(unit(target) == "testing" for target in imported)}
    assert {unit(name) for name in users} == {"testing"}


@pytest.mark.parametrize("part", WITHOUT_TENSORFLOW)
def test_without_tensorflow(part):
    reached = set().union(*(closure(name) for name in MODULES if _is_below(name.removeprefix("ser_fop."), part)))
    assert reached
    users = {name for name in reached if any(target.split(".")[0] == "tensorflow" for target in IMPORTS[name])}
    assert users <= {TENSORFLOW_KERNELS}


def test_kernels_of_tensorflow_are_reached_from_one_place_and_only_when_called():
    package, name = TENSORFLOW_KERNELS.rsplit(".", 1)
    users = [module for module, imported in IMPORTS.items() if TENSORFLOW_KERNELS in imported]
    assert users == ["ser_fop.layers.kernels"]
    body = ast.parse(MODULES[users[0]].read_text(encoding="utf-8")).body
    at_import = [node for node in body if isinstance(node, ast.ImportFrom) and node.module == package]
    assert name not in {alias.name for node in at_import for alias in node.names}


def test_beam_is_imported_in_one_place():
    users = [name for name, imported in IMPORTS.items() if any(one.split(".")[0] == "apache_beam" for one in imported)]
    assert users == ["ser_fop.data.prepare.beam"]


def test_layers_and_networks_use_no_backend_at_all():
    for name, imported in IMPORTS.items():
        if unit(name) in ("layers", "losses", "metrics", "models") and name != TENSORFLOW_KERNELS:
            outside = {target.split(".")[0] for target in imported} - {"ser_fop"}
            assert outside <= {"collections", "dataclasses", "math", "pathlib", "typing", "keras", "msgspec"}, name


class TestTheChecksThemselves:
    def test_an_upward_import_is_seen(self):
        assert violations("ser_fop.corpora.x", imports_of("from ser_fop.data.datasets import parse")) == ["data"]
        assert violations("ser_fop.layers.x", imports_of("import ser_fop.models.backbone")) == ["models"]
        assert violations("ser_fop.losses", imports_of("def f():\n    from ser_fop import layers")) == ["layers"]
        assert violations("ser_fop.models.x", imports_of("from ser_fop.layers import y")) == []

    def test_a_star_and_an_inner_part_are_seen(self):
        assert "keras.*" in imports_of("from keras import *")
        assert "keras.src.layers" in imports_of("import keras.src.layers")

    def test_imports_for_type_checkers_do_not_count(self):
        assert imports_of("if TYPE_CHECKING:\n    import tensorflow") == set()
        assert imports_of("if DEBUG:\n    import tensorflow") == {"tensorflow"}

    def test_tensorflow_is_found_through_others(self):
        assert "ser_fop.data.records" in closure("ser_fop.training.splits.pretraining")
        assert "tensorflow" in IMPORTS["ser_fop.data.records"]
