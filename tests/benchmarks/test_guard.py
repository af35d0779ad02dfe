import pytest

from benchmarks.guard import guard
from benchmarks.record import entry
from tests.benchmarks.made_up import comparison

RECORDED = {"speed": entry(comparison(peer=(5.0, 6.0, 5.5)))}  # a ratio of 2


def test_guard_accepts_equal_ratio_on_slower_machine():
    verdict = guard([comparison(ours=(1.0, 1.2, 1.1), peer=(0.5, 0.6, 0.55))], RECORDED)
    assert (verdict.failures, verdict.unguarded, len(verdict.held)) == ((), (), 1)


def test_guard_describes_failed_ratio():
    verdict = guard([comparison(ours=(15.0, 15.0, 15.0), peer=(10.0, 10.0, 10.0))], RECORDED)
    (line,) = verdict.failures
    assert all(word in line for word in ("speed", "peer", "was 2", "is 1.5", "75%", "80%"))
    assert not verdict.held


@pytest.mark.parametrize(("least_share", "failures"), [(0.7, 0), (0.8, 1)])
def test_guard_applies_least_share(least_share, failures):
    measured = [comparison(ours=(15.0,), peer=(10.0,))]
    assert len(guard(measured, RECORDED, least_share=least_share).failures) == failures


@pytest.mark.parametrize(("ours", "failures"), [((4.0, 2.0, 10.0), 0), ((7.0, 2.0, 7.9), 1)])
def test_guard_uses_best_round(ours, failures):
    verdict = guard([comparison(ours=ours, peer=(5.0, 5.0, 5.0))], RECORDED)
    assert len(verdict.failures) == failures


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (comparison(peer="not installed: torch"), "not installed: torch"),
        (comparison(another=(5.0, 6.0, 5.5)), "another: not recorded"),
        (comparison(key="unknown", peer=(1.0,)), "unknown: not recorded"),
    ],
)
def test_guard_reports_ratios_that_cannot_be_compared(measured, message):
    verdict = guard([measured], RECORDED)
    assert message in verdict.unguarded[0]
    assert (verdict.failures, verdict.held) == ((), ())


def test_guard_ignores_peer_missing_in_record():
    recorded = {"speed": entry(comparison(peer="not installed: torch"))}
    assert guard([comparison(peer=(1.0,))], recorded).unguarded == ("speed, peer: not recorded",)


def test_guard_fails_if_ours_failed():
    verdict = guard([comparison(ours="ValueError: no", peer=(1.0,))], RECORDED)
    assert "ValueError: no" in verdict.failures[0]
