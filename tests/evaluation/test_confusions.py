import dataclasses
import tracemalloc

import numpy as np
import pytest

from ser_fop.evaluation.confusions import confusions_by_speaker, score_counts
from ser_fop.evaluation.intervals import over_speakers, over_utterances
from ser_fop.evaluation.predictions import Prediction
from ser_fop.evaluation.scores import classification_scores
from tests.evaluation.made_up import LABELS, drawn, predictions_of


def test_confusions_give_same_scores_as_predictions():
    predictions = predictions_of(drawn(np.random.default_rng(0), speakers=5, utterances=31))
    expected = classification_scores([i.label for i in predictions], [i.predicted for i in predictions], LABELS)
    found = confusions_by_speaker(predictions, LABELS)
    assert found.score("wa") == pytest.approx(expected["wa"])
    assert found.score("ua") == pytest.approx(expected["ua"])
    assert found.confusion == pytest.approx(np.array(expected["confusion"]))


def test_score_counts_of_constant_classifier_are_chance():
    correct, total = np.array([30, 0, 0]), np.array([30, 10, 20])
    assert score_counts(correct, total, "ua") == pytest.approx(1 / 3)
    assert score_counts(correct, total, "wa") == pytest.approx(0.5)


def test_score_counts_ua_ignores_missing_class():
    assert score_counts(np.array([3, 0]), np.array([4, 0]), "ua") == pytest.approx(0.75)


def test_confusions_average_repeats():
    right, wrong = np.ones((2, 4), bool), np.zeros((2, 4), bool)
    found = confusions_by_speaker([*predictions_of(right, seed=0), *predictions_of(wrong, seed=1)], LABELS)
    assert (found.repeats, found.score("wa"), found.tested.sum()) == (2, 0.5, 8)


def test_confusions_give_scores_by_speaker():
    found = confusions_by_speaker(predictions_of([[1, 1, 1, 1], [1, 0, 0, 0]]), LABELS)
    assert found.by_speaker("wa").tolist() == [1.0, 0.25]


def test_confusions_reject_repeats_with_different_utterances():
    first = predictions_of(np.ones((2, 4)))
    fewer = [dataclasses.replace(item, seed=1) for item in first[1:]]
    with pytest.raises(ValueError, match="did not test the same"):
        confusions_by_speaker([*first, *fewer], LABELS)
    with pytest.raises(ValueError, match="tested twice"):
        confusions_by_speaker([*first, *first], LABELS)
    with pytest.raises(ValueError, match="received none"):
        confusions_by_speaker([], LABELS)


def test_hundreds_of_classes_fit_into_the_memory():
    names = [f"speaker {number}" for number in range(400)]
    predictions = [
        Prediction(
            id=f"{name}/{take}", speaker=name, fold=0, seed=0, label=name, predicted=names[take], probabilities=()
        )
        for name in names
        for take in (0, 1)
    ]
    tracemalloc.start()
    found = confusions_by_speaker(predictions, names)
    intervals = [over_speakers(found, "ua"), over_utterances(found, "wa")]
    assert tracemalloc.get_traced_memory()[1] < 400e6
    tracemalloc.stop()
    assert all(0 <= one.low <= found.score("ua") <= one.high for one in intervals)
