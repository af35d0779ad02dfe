import dataclasses

import numpy as np
import pytest

from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.predictions import write_predictions
from ser_fop.experiments.reporting.runs import comparison, ensemble_figures, figures, runs_of
from ser_fop.utils.run_folder import write_json
from tests.evaluation.made_up import LABELS, drawn, predictions_of

STAMPS = {"transductive": False, "selected_on": "validation", "seconds": 2.0}


def write_run(folder, predictions, **stamps):
    folder.mkdir(parents=True)
    metrics = {**describe_predictions(predictions, LABELS), **STAMPS, **stamps}
    write_predictions(folder / "predictions.csv", predictions, LABELS)
    write_json(folder / "metrics.json", metrics)
    (folder / "COMPLETED").write_text("")
    return metrics


def write_fold_run(folder, predictions):
    """Write a run of two folds: the first half of the speakers, and the rest."""
    half = sorted({item.speaker for item in predictions})[: len({item.speaker for item in predictions}) // 2]
    parts = [[item for item in predictions if (item.speaker in half) == first] for first in (True, False)]
    rows = [write_run(folder / f"fold-{number}", part) for number, part in enumerate(parts)]
    (folder / "COMPLETED").write_text("")
    write_predictions(folder / "predictions.csv", predictions, LABELS)
    write_json(folder / "metrics.json", {**describe_predictions(predictions, LABELS), **STAMPS, "folds": rows})


@pytest.fixture
def seeds(tmp_path):
    generator = np.random.default_rng(0)
    for seed in range(3):
        root = tmp_path / f"seed-{seed}"
        write_run(root / "good", predictions_of(drawn(generator, speakers=8, accuracy=0.8), seed=seed))
        write_fold_run(root / "bad", predictions_of(drawn(generator, speakers=8, accuracy=0.5), seed=seed))
        write_fold_run(root / "worse", predictions_of(drawn(generator, speakers=8, accuracy=0.3), seed=seed))
    return [tmp_path / f"seed-{seed}" for seed in range(3)]


def test_figures_over_repeats(seeds):
    runs = runs_of(seeds, "good")
    found = figures(runs)
    assert found["wa"]["values"] == [run.metrics["wa"] for run in runs]
    assert found["wa"]["over_repeats"]["low"] < found["wa"]["mean"] < found["wa"]["over_repeats"]["high"]
    assert found["wa"]["over_speakers"]["units"] == 8
    assert (found["repeats"], found["folds"], found["n"], found["seconds"]) == (3, 1, 240, 2.0)
    assert np.sum(found["confusion"]) == pytest.approx(240)


def test_figures_without_runs_are_empty(seeds):
    assert runs_of(seeds, "absent") == []
    assert figures([]) == {}
    assert comparison([], runs_of(seeds, "bad")) == {}


def test_runs_of_unfinished_run_is_excluded(seeds):
    (seeds[1] / "good" / "COMPLETED").unlink()
    assert len(runs_of(seeds, "good")) == 2


def test_comparison_uses_all_common_folds(seeds):
    found = comparison(runs_of(seeds, "bad"), runs_of(seeds, "worse"))
    assert (found["folds"], found["speakers"], found["repeats"]) == (2, 8, (3, 3))
    assert found["difference"] > 0.1
    assert found["p_sign_flip"] < 0.05


def test_figures_with_selection_on_test_are_stamped(seeds, tmp_path):
    predictions = predictions_of(drawn(np.random.default_rng(1), speakers=8))
    write_run(tmp_path / "seed-9" / "good", predictions, selected_on="test")
    stamped = [*seeds, tmp_path / "seed-9"]
    renamed = [dataclasses.replace(item, seed=9) for item in predictions]
    write_predictions(tmp_path / "seed-9" / "good" / "predictions.csv", renamed, LABELS)
    assert figures(runs_of(stamped, "good"))["selected_on"] == "test"
    assert figures(runs_of(seeds, "good"))["selected_on"] == "validation"


def test_ensemble_figures_have_no_spread_over_repeats(seeds):
    runs = runs_of(seeds, "bad")
    found = ensemble_figures(runs)
    assert (found["repeats"], found["folds"], found["n"], found["seconds"]) == (3, 2, 240, 6.0)
    assert found["wa"]["deviation"] is None
    assert found["wa"]["over_repeats"] is None
    assert found["wa"]["over_speakers"]["units"] == 8
    assert np.sum(found["confusion"]) == 240
    assert found["wa"]["mean"] != figures(runs)["wa"]["mean"]
    assert ensemble_figures(runs[:1]) == {}
