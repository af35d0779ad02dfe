import pytest

from ser_fop.experiments.reporting.findings import finding, verdict
from tests.experiments.reporting.empty_tables import empty_tables


def claim(low, high, *, first="finetune-in_corpus"):
    interval = {"low": low, "high": high}
    return {"claim": "Gains from {corpus}", "first": first, "difference": (low + high) / 2, "over_speakers": interval}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.01, 0.05, "a gain beyond"), (-0.05, -0.01, "a loss beyond"), (-0.01, 0.05, "no difference beyond")],
)
def test_verdict_follows_the_interval(low, high, expected):
    assert expected in verdict(claim(low, high))


def test_verdict_without_interval_says_so():
    assert verdict({"over_speakers": None}) == "too few speakers for an interval"


def test_tables_1_and_2_state_their_own_claims():
    tables = empty_tables(claims=[claim(0.01, 0.05), claim(-0.05, -0.01, first="classify-in_corpus-h_concat-svm")])
    assert finding("Table 1 over all folds", tables) == (
        "Gains from Toy: +3.00 [1.0, 5.0] points of WA, a gain beyond its interval."
    )
    assert finding("Table 2. Hypercolumns", tables).endswith("a loss beyond its interval.")


def test_skill_is_compared_with_the_baseline():
    def row(network, mean):
        return {"network": network, "skill": {"mean": mean, "deviation": None}}

    tables = empty_tables(pretraining=[row("untrained", 0.9), row("in_corpus", -0.2), row("unlabelled", 0.1)])
    found = finding("Pretraining: skill relative to x", tables)
    assert found == "The best network has a smaller error than copying the last frame: skill +0.1000."


def test_table_without_results_has_no_sentence():
    assert finding("Table 1. Fine-tuning", empty_tables()) == ""
    assert finding("Table 3. The FOP rows", empty_tables()) == ""
    assert finding("Scores by group", empty_tables()) == ""
