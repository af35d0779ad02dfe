import pytest

from ser_fop.evaluation.by_corpus import scores_by_corpus
from ser_fop.evaluation.predictions import Prediction


def test_scores_by_corpus_count_the_classes_of_each_corpus():
    answers = [("a:1", "x", "x"), ("a:1", "y", "x"), ("b:1", "x", "x"), ("b:2", "y", "y"), ("b:2", "z", "z")]
    predictions = [
        Prediction(
            id=f"{speaker}-{number}", speaker=speaker, fold=0, seed=0, label=label, predicted=found, probabilities=()
        )
        for number, (speaker, label, found) in enumerate(answers)
    ]
    scores = scores_by_corpus(predictions, ("x", "y", "z"))
    assert scores["a"]["ua"] == 0.5
    assert scores["a"]["chance"] == 0.5
    assert scores["a"]["recall"]["z"] is None
    assert scores["b"]["wa"] == 1.0
    assert scores["b"]["n"] == 3
    assert scores["b"]["chance"] == pytest.approx(1 / 3)
