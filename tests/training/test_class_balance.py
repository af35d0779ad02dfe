import numpy as np
import pytest

from ser_fop.training.class_balance import balanced_weights, corpus_balanced_weights


def test_balanced_weights_give_classes_equal_totals():
    weights = balanced_weights([0, 0, 0, 1], count=3)
    assert 3 * weights[0] == pytest.approx(weights[1])
    assert weights[2] == 1.0


def test_corpus_balanced_weights_give_corpora_and_their_classes_equal_totals():
    classes = {f"a:{number}": int(number < 2) for number in range(10)} | {"b:0": 0, "b:1": 2, "b:2": 2}
    weights = corpus_balanced_weights(classes)
    assert np.mean(list(weights.values())) == pytest.approx(1.0)

    def total(corpus, index=None):
        return sum(weights[key] for key in classes if key[0] == corpus and index in (None, classes[key]))

    assert total("a") == pytest.approx(total("b"))
    assert total("a", 0) == pytest.approx(total("a", 1))
    assert total("b", 0) == pytest.approx(total("b", 2))
