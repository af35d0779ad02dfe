import pytest

from ser_fop.evaluation.predictions import Prediction
from ser_fop.evaluation.risk_coverage import risk_coverage, threshold_at


def prediction(confidence, *, right):
    return Prediction(
        id=f"{confidence}",
        speaker="s",
        fold=0,
        seed=0,
        label="a" if right else "b",
        predicted="a",
        probabilities=(confidence, 1 - confidence),
    )


TABLE = [
    prediction(0.6, right=False),
    prediction(0.9, right=True),
    prediction(0.8, right=True),
    prediction(0.7, right=False),
]


def test_risk_coverage_counts_the_most_confident_answers():
    rows = risk_coverage(TABLE, coverages=[0.25, 0.5, 0.75, 1.0])
    assert [row["accuracy"] for row in rows] == pytest.approx([1, 1, 2 / 3, 0.5])
    assert [row["threshold"] for row in rows] == [0.9, 0.8, 0.7, 0.6]


def test_risk_coverage_of_a_small_share_has_one_answer():
    (row,) = risk_coverage(TABLE, coverages=[0.01])
    assert (row["accuracy"], row["threshold"]) == (1, 0.9)


@pytest.mark.parametrize(("coverage", "answered"), [(0.5, 2), (0.75, 3), (1.0, 4)])
def test_threshold_at_answers_this_share(coverage, answered):
    threshold = threshold_at(TABLE, coverage)
    assert sum(max(item.probabilities) >= threshold for item in TABLE) == answered


def test_threshold_of_full_coverage_never_says_unsure():
    assert threshold_at(TABLE, 1.0) == 0
