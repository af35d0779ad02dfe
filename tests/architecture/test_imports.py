"""Imports point to lower ranks, and backend-independent modules do not import TensorFlow."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

import ser_fop

# The unit of a module is the longest of these prefixes of its name below `ser_fop`. A module may import its own unit
# and units of a lower rank.
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
    "serving": 10,
    "stress": 9,
    "probing": 9,
    "streaming": 9,
    "cli": 10,
    "export": 11,
    "api": 12,
    "pipelines": 13,
    "testing": 14,
}
# Modules at the top of the package; all others are in subpackages.
TOP = {"errors", "cli", "losses", "metrics"}
# The only module of the layers that uses a backend.
TENSORFLOW_KERNELS = "ser_fop.layers.tensorflow_kernels"
# These units run on every Keras backend, or before a backend is chosen.
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
MAX_LINES = 300


def _modules():
    """Return the file of every module by name, including the pipelines, which are installed from another folder."""
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
    """Return the modules that a source imports; a name imported from a package counts as one of its modules."""
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
    """Return the units that a module imports against the order of ranks."""
    own = unit(name)
    targets = {unit(target) for target in imported if target != "ser_fop"} & set(RANKS)
    return sorted(target for target in targets if target != own and RANKS[target] >= RANKS[own])


def closure(name):
    """Return every module of the package that the import of `name` loads, itself included."""
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


def test_top_of_package_has_only_listed_modules():
    top = {path.stem for path in Path(ser_fop.__file__).parent.glob("*.py")}
    assert top == TOP | {"__init__"}


@pytest.mark.parametrize("name", MODULES)
class TestEveryModule:
    def test_imports_point_to_lower_ranks(self, name):
        if unit(name):
            assert violations(name, IMPORTS[name]) == []

    def test_module_has_no_star_or_private_keras_import(self, name):
        assert not [target for target in IMPORTS[name] if target.startswith("keras.src") or target.endswith(".*")]

    def test_module_is_within_length_limit(self, name):
        lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
        assert lines <= MAX_LINES

    def test_module_imports_and_has_docstring(self, name):
        assert importlib.import_module(name).__doc__


def test_only_pipelines_import_pipelines():
    users = {name for name, imported in IMPORTS.items() if any(unit(target) == "pipelines" for target in imported)}
    assert {unit(name) for name in users} <= {"pipelines"}


def test_only_testing_imports_testing():
    users = {name for name, imported in IMPORTS.items() if any(unit(target) == "testing" for target in imported)}
    assert {unit(name) for name in users} == {"testing"}


@pytest.mark.parametrize("part", WITHOUT_TENSORFLOW)
def test_unit_does_not_import_tensorflow(part):
    reached = set().union(*(closure(name) for name in MODULES if _is_below(name.removeprefix("ser_fop."), part)))
    assert reached
    users = {name for name in reached if any(target.split(".")[0] == "tensorflow" for target in IMPORTS[name])}
    assert users <= {TENSORFLOW_KERNELS}


def test_tensorflow_kernels_are_imported_lazily_in_one_place():
    package, name = TENSORFLOW_KERNELS.rsplit(".", 1)
    users = [module for module, imported in IMPORTS.items() if TENSORFLOW_KERNELS in imported]
    assert users == ["ser_fop.layers.kernels"]
    body = ast.parse(MODULES[users[0]].read_text(encoding="utf-8")).body
    at_import = [node for node in body if isinstance(node, ast.ImportFrom) and node.module == package]
    assert name not in {alias.name for node in at_import for alias in node.names}


def test_beam_is_imported_in_one_module():
    users = [name for name, imported in IMPORTS.items() if any(one.split(".")[0] == "apache_beam" for one in imported)]
    assert users == ["ser_fop.data.prepare.beam"]


def test_layers_and_models_use_no_backend():
    for name, imported in IMPORTS.items():
        if unit(name) in ("layers", "losses", "metrics", "models") and name != TENSORFLOW_KERNELS:
            outside = {target.split(".")[0] for target in imported} - {"ser_fop"}
            assert outside <= {"collections", "dataclasses", "math", "pathlib", "typing", "keras", "msgspec"}, name


class TestChecks:
    def test_violations_finds_upward_import(self):
        assert violations("ser_fop.corpora.x", imports_of("from ser_fop.data.datasets import parse")) == ["data"]
        assert violations("ser_fop.layers.x", imports_of("import ser_fop.models.backbone")) == ["models"]
        assert violations("ser_fop.losses", imports_of("def f():\n    from ser_fop import layers")) == ["layers"]
        assert violations("ser_fop.models.x", imports_of("from ser_fop.layers import y")) == []

    def test_imports_of_finds_star_and_private_import(self):
        assert "keras.*" in imports_of("from keras import *")
        assert "keras.src.layers" in imports_of("import keras.src.layers")

    def test_imports_of_ignores_type_checking(self):
        assert imports_of("if TYPE_CHECKING:\n    import tensorflow") == set()
        assert imports_of("if DEBUG:\n    import tensorflow") == {"tensorflow"}

    def test_closure_follows_indirect_imports(self):
        assert "ser_fop.data.readers" in closure("ser_fop.data.labelled_batches")
        assert "tensorflow" in IMPORTS["ser_fop.data.readers"]
