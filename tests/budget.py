"""A budget of processor time for each test, so that tests stay quick.

It counts the time of this process and of the processes that it waited for. Seconds are those of a machine on which a
loop that adds a million numbers in Python takes 20 ms.
"""

import os
import time
from collections.abc import Generator

import pytest

# What a test may take, and what the fixtures that it is the first to use may take, in seconds.
FAST_S, FAST_FIXTURES_S = 40.0, 120.0
SLOW_S, SLOW_FIXTURES_S = 400.0, 300.0
_REFERENCE_S = 0.020
_STEPS = 1_000_000


def _slowness() -> float:
    """Return how many times slower than the reference this machine is, and at least 1."""
    best = min(_loop_s() for _ in range(3))
    return max(1.0, best / _REFERENCE_S)


def _loop_s() -> float:
    started, total = time.process_time(), 0
    for number in range(_STEPS):
        total += number
    return time.process_time() - started


def _used_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def check_budget(item: pytest.Item, *, used_s: float, fast_s: float, slow_s: float) -> None:
    """Fail a test that took more than its budget.

    Args:
        item: The test.
        used_s: Processor time that it took, in seconds of this machine.
        fast_s: Budget of a test that is not marked slow, in seconds of the reference machine.
        slow_s: Budget of a slow test.
    """
    budget_s = slow_s if item.get_closest_marker("slow") else fast_s
    # A second measurement only where it matters: other work may share the machine by now.
    if used_s > budget_s and used_s > budget_s * (slowness := _slowness()):
        pytest.fail(
            f"took {used_s / slowness:.1f} s of processor time, more than its budget of {budget_s:g} s. Make it smaller,"
            " share what it builds, or mark it slow and say why.",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the budget of fixtures."""
    before = _used_s()
    result = yield
    check_budget(item, used_s=_used_s() - before, fast_s=FAST_FIXTURES_S, slow_s=SLOW_FIXTURES_S)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the budget of a test."""
    before = _used_s()
    result = yield
    check_budget(item, used_s=_used_s() - before, fast_s=FAST_S, slow_s=SLOW_S)
    return result
