import dataclasses

import numpy as np
import pytest

from ser_fop.evaluation.ensemble import ensemble_predictions
from ser_fop.evaluation.predictions import score_predictions
from tests.evaluation.made_up import LABELS, drawn, predictions_of


def run_of(*probabilities):
    """Return the predictions of one run from the probabilities (utterances,) of the first class."""
    (template, *_) = predictions_of([[True]])
    return [
        dataclasses.replace(
            template, id=str(number), probabilities=(p, 1 - p), predicted=LABELS[0] if p >= 0.5 else LABELS[1]
        )
        for number, p in enumerate(probabilities)
    ]


def test_ensemble_predicts_class_of_largest_mean_log_probability():
    joined = ensemble_predictions([run_of(0.9, 0.4), run_of(0.4, 0.6), run_of(0.4, 0.4)], LABELS)
    # By hand: the geometric means of (.9 .4 .4) and (.1 .6 .6).
    first, second = np.cbrt([0.9 * 0.4 * 0.4, 0.1 * 0.6 * 0.6])
    assert joined[0].probabilities == pytest.approx((first / (first + second), second / (first + second)))
    # Two of three runs prefer the second class, one confident run the first: this is no majority vote.
    assert [item.predicted for item in joined] == [LABELS[0], LABELS[1]]


def test_ensemble_of_one_run_equals_run_and_ignores_order():
    one, other = run_of(0.7, 0.2), run_of(0.1, 0.6)
    assert [item.predicted for item in ensemble_predictions([one], LABELS)] == [item.predicted for item in one]
    assert np.allclose(ensemble_predictions([one], LABELS)[0].probabilities, one[0].probabilities)
    backwards = ensemble_predictions([one, other[::-1]], LABELS)
    assert [item.id for item in backwards] == ["0", "1"]
    assert backwards == ensemble_predictions([one, other], LABELS)


def test_ensemble_with_zero_probability_does_not_exclude_class():
    assert (
        ensemble_predictions([run_of(0.0), run_of(0.99), run_of(0.99), run_of(0.99)], LABELS)[0].predicted == LABELS[0]
    )


def test_ensemble_of_independent_runs_exceeds_single_runs():
    generator = np.random.default_rng(0)
    truth = drawn(generator, speakers=6, accuracy=1.0, spread=0.0)
    runs = [predictions_of(truth & drawn(generator, speakers=6, accuracy=0.7), seed=seed) for seed in range(7)]
    alone = np.mean([score_predictions(run, LABELS)["wa"] for run in runs])
    assert score_predictions(ensemble_predictions(runs, LABELS), LABELS)["wa"] > alone + 0.05


def test_ensemble_rejects_runs_with_different_utterances_or_no_probabilities():
    with pytest.raises(ValueError, match="same utterances"):
        ensemble_predictions([run_of(0.5, 0.5), run_of(0.5)], LABELS)
    bare = [dataclasses.replace(item, probabilities=()) for item in run_of(0.5)]
    with pytest.raises(ValueError, match="expected probabilities of 2 classes, received 0"):
        ensemble_predictions([bare], LABELS)
