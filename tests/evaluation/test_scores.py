import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_fop.evaluation.scores import chance_scores, classification_scores, top_accuracy

LABELS = ("angry", "happy", "neutral", "sad")
pairs_of_labels = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)


def score(pairs, labels=LABELS):
    return classification_scores([true for true, _ in pairs], [predicted for _, predicted in pairs], labels)


def test_classification_scores_of_example_equal_hand_computed():
    pairs = [("angry", "angry")] * 3 + [("angry", "sad")] + [("sad", "sad"), ("sad", "angry"), ("happy", "sad")]
    found = score(pairs)
    assert found["wa"] == pytest.approx(4 / 7)
    assert found["ua"] == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    # F1: angry 2*3/(4+4), sad 2*1/(3+2), happy 0.
    assert found["macro_f1"] == pytest.approx((3 / 4 + 2 / 5 + 0) / 3)
    assert found["n"] == 7
    assert found["recall"] == {"angry": 0.75, "happy": 0.0, "neutral": None, "sad": 0.5}
    assert found["confusion"] == [[3, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 1]]
    assert found["labels"] == list(LABELS)


@pytest.mark.parametrize("predicted", LABELS)
def test_classification_scores_of_constant_classifier_have_chance_ua(predicted):
    true = [label for number, label in enumerate(LABELS, start=1) for _ in range(number)]
    found = classification_scores(true, [predicted] * len(true), LABELS)
    assert found["ua"] == pytest.approx(1 / 4)
    assert found["wa"] == pytest.approx(true.count(predicted) / len(true))


@given(pairs_of_labels)
def test_wa_equals_share_of_correct_predictions(pairs):
    found = score(pairs)
    assert found["wa"] == pytest.approx(np.mean([true == predicted for true, predicted in pairs]))
    confusion = np.array(found["confusion"])
    assert confusion.sum() == len(pairs) == found["n"]
    assert found["wa"] == pytest.approx(np.trace(confusion) / len(pairs))


@given(pairs_of_labels)
def test_ua_equals_mean_recall_of_present_classes(pairs):
    found = score(pairs)
    recalls = [value for value in found["recall"].values() if value is not None]
    assert found["ua"] == pytest.approx(np.mean(recalls))
    assert {label for label, value in found["recall"].items() if value is None} == set(LABELS) - {
        true for true, _ in pairs
    }


@given(pairs_of_labels)
def test_wa_equals_ua_for_balanced_classes(pairs):
    balanced = [(label, predicted) for _, predicted in pairs for label in LABELS]
    found = score(balanced)
    assert found["wa"] == pytest.approx(found["ua"])


@given(pairs_of_labels, st.permutations(LABELS))
def test_classification_scores_ignore_order_of_labels(pairs, labels):
    one, two = score(pairs), score(pairs, labels)
    for key in ("wa", "ua", "macro_f1"):
        assert one[key] == pytest.approx(two[key])
    assert one["recall"] == two["recall"]


def test_classification_scores_of_perfect_predictions_are_one():
    found = score([(label, label) for label in LABELS[:3]])
    assert (found["wa"], found["ua"], found["macro_f1"]) == (1, 1, 1)


class TestControls:
    def test_chance_scores_use_majority_of_training(self):
        found = chance_scores(["sad"] * 3 + ["angry"], ["angry"] * 3 + ["sad"], ("angry", "sad"))
        assert found["majority"]["label"] == "sad"
        assert found["majority"]["wa"] == 0.25
        assert found["majority"]["ua"] == 0.5
        assert found["chance"] == {"wa": 0.5, "ua": 0.5, "n": 4}

    def test_chance_scores_majority_tie_selects_first_label(self):
        assert chance_scores(["b", "a"], ["a"], ("b", "a"))["majority"]["label"] == "b"


class TestTopAccuracy:
    LABELS = ("a", "b", "c")
    PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3]])

    @pytest.mark.parametrize(("count", "expected"), [(1, 1 / 3), (2, 2 / 3), (3, 1.0)])
    def test_class_counts_if_it_is_among_the_most_probable(self, count, expected):
        found = top_accuracy(("a", "b", "a"), self.PROBABILITIES, self.LABELS, count=count)
        assert found == pytest.approx(expected)
