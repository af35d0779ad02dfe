"""How tests run: their order, their budget, and their fixtures."""

import os

# Two test processes share the cores: threads of OpenMP that wait for each other would take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.budget import pytest_runtest_call, pytest_runtest_setup  # noqa: F401 - hooks

# What is built once for all test processes, and takes long.
_SHARED = {"work", "hyper", "finetuned", "models", "stream_models"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files so that no process waits for what another one builds.

    The first file needs a shared folder and builds it; meanwhile the other processes have files that need none.
    """
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    sharing = [path for path, tests in files.items() if any(_SHARED & {*test.fixturenames} for test in tests)]
    alone = [path for path in files if path not in sharing]
    alone.sort(key=lambda path: -len(files[path]))
    items[:] = [item for path in (*sharing[:1], *alone[:4], *sharing[1:], *alone[4:]) for item in files[path]]


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import TensorFlow for seconds, only where tests run: not where xdist hands them out."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        config.pluginmanager.import_plugin("tests.fixtures")
