import dataclasses

import numpy as np
import pytest

from ser_fop.errors import InputError
from ser_fop.evaluation.predictions import PREDICTIONS, UNRESTRICTED, Prediction, write_predictions
from ser_fop.export.calibration import calibrate_on
from ser_fop.utils.run_folder import open_stage

LABELS = ("a", "b", "c")


@dataclasses.dataclass(frozen=True)
class Config:
    out: object
    seed: int = 0


def overconfident(speaker="s", count=600):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(count, 3))
    shares = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return [
        Prediction(
            id=str(number),
            speaker=f"{speaker}{number % 5}",
            fold=number % 3,
            seed=0,
            label=LABELS[generator.choice(3, p=true[number])],
            predicted=LABELS[int(shares[number].argmax())],
            probabilities=tuple(shares[number]),
        )
        for number in range(count)
    ]


def written(folder, predictions, *, name=PREDICTIONS, labels=LABELS, **metrics):
    stage = open_stage("finetune", out=folder, config=Config(out=folder))
    write_predictions(stage.folder / name, predictions, labels)
    figures = {"labels": labels, "transductive": False, "selected_on": "validation", **metrics}
    return stage.commit(metrics=figures, content=[stage.folder / name])


def test_calibration_of_an_overconfident_model(tmp_path):
    found = calibrate_on([written(tmp_path / "run", overconfident())], LABELS, coverage=0.8)
    assert found.scaling.temperature == pytest.approx(3, rel=0.2)
    assert found.figures["ece"] < found.figures["ece_before"] / 2
    assert found.figures["answered"] == pytest.approx(0.8, abs=0.01)
    assert 0 < found.threshold < 1
    assert found.figures["corpora"] == {}
    assert calibrate_on([tmp_path / "run"], LABELS, coverage=1.0).threshold == 0


def test_order_of_classes_does_not_matter(tmp_path):
    ours = calibrate_on([written(tmp_path / "run", overconfident())], LABELS, coverage=0.8)
    others = calibrate_on([tmp_path / "run"], LABELS[::-1], coverage=0.8)
    assert (others.scaling.temperature, others.threshold) == pytest.approx((ours.scaling.temperature, ours.threshold))


def test_predictions_among_all_classes_are_used_if_there_are_any(tmp_path):
    run = written(tmp_path / "run", overconfident("x:"), name=UNRESTRICTED)
    found = calibrate_on([run], LABELS, coverage=0.8)
    assert found.scaling.temperature == pytest.approx(3, rel=0.2)
    assert set(found.figures["corpora"]) == {"x"}


@pytest.mark.parametrize("coverage", [0.0, 1.1])
def test_coverage_out_of_range_is_refused(tmp_path, coverage):
    with pytest.raises(InputError, match="--coverage expected a share above 0"):
        calibrate_on([tmp_path], LABELS, coverage=coverage)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("a", "b", "d")}, "expected predictions of the classes a, b, c, received a, b, d"),
        ({"transductive": True}, "speakers that the network has not seen"),
        ({"selected_on": "test"}, "speakers that the network has not seen"),
        ({"name": "other.csv"}, "which has no predictions.csv"),
    ],
)
def test_runs_that_cannot_calibrate_are_refused(tmp_path, changes, message):
    run = written(tmp_path / "run", overconfident(), **changes)
    with pytest.raises(InputError, match=message):
        calibrate_on([run], LABELS, coverage=0.8)


def test_predictions_without_probabilities_are_refused(tmp_path):
    bare = [dataclasses.replace(item, probabilities=()) for item in overconfident()]
    run = written(tmp_path / "run", bare, labels=())
    (run / "metrics.json").write_text('{"labels": ["a", "b", "c"], "transductive": false, "selected_on": "validation"}')
    with pytest.raises(InputError, match="expected probabilities in"):
        calibrate_on([run], LABELS, coverage=0.8)
