import pytest

from benchmarks.guard import guard
from benchmarks.record import entry
from tests.benchmarks.made_up import comparison

RECORDED = {"speed": entry(comparison(peer=(5.0, 6.0, 5.5)))}  # a ratio of 2


def test_an_equal_ratio_holds_on_a_machine_of_another_speed():
    verdict = guard([comparison(ours=(1.0, 1.2, 1.1), peer=(0.5, 0.6, 0.55))], RECORDED)
    assert (verdict.failures, verdict.unguarded, len(verdict.held)) == ((), (), 1)


def test_a_regression_fails_with_all_that_one_needs_to_know():
    verdict = guard([comparison(ours=(15.0, 15.0, 15.0), peer=(10.0, 10.0, 10.0))], RECORDED)
    (line,) = verdict.failures
    assert all(word in line for word in ("speed", "peer", "was 2", "is 1.5", "75%", "80%"))
    assert not verdict.held


@pytest.mark.parametrize(("least_share", "failures"), [(0.7, 0), (0.8, 1)])
def test_the_share_decides(least_share, failures):
    measured = [comparison(ours=(15.0,), peer=(10.0,))]
    assert len(guard(measured, RECORDED, least_share=least_share).failures) == failures


@pytest.mark.parametrize(("ours", "failures"), [((4.0, 2.0, 10.0), 0), ((7.0, 2.0, 7.9), 1)])
def test_the_best_round_is_judged(ours, failures):
    verdict = guard([comparison(ours=ours, peer=(5.0, 5.0, 5.0))], RECORDED)
    assert len(verdict.failures) == failures


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (comparison(peer="not installed: torch"), "not installed: torch"),
        (comparison(another=(5.0, 6.0, 5.5)), "another: not recorded"),
        (comparison(key="unknown", peer=(1.0,)), "unknown: not recorded"),
    ],
)
def test_what_cannot_be_compared_is_said_and_does_not_fail(measured, said):
    verdict = guard([measured], RECORDED)
    assert said in verdict.unguarded[0]
    assert (verdict.failures, verdict.held) == ((), ())


def test_a_peer_that_was_missing_when_recorded_is_unguarded():
    recorded = {"speed": entry(comparison(peer="not installed: torch"))}
    assert guard([comparison(peer=(1.0,))], recorded).unguarded == ("speed, peer: not recorded",)


def test_ours_failing_is_a_failure():
    verdict = guard([comparison(ours="ValueError: no", peer=(1.0,))], RECORDED)
    assert "ValueError: no" in verdict.failures[0]
