"""How tests run: their budget, and their fixtures."""

import os

# Two test processes share the cores: threads of OpenMP that wait for each other would take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.budget import pytest_runtest_call, pytest_runtest_setup  # noqa: F401 - hooks


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import TensorFlow for seconds, only where tests run: not where xdist hands them out."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        config.pluginmanager.import_plugin("tests.fixtures")
