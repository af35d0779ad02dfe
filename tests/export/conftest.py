"""The small records and runs of the pipelines' tests."""

from tests.pipelines.conftest import hyper, work

__all__ = ["hyper", "work"]
