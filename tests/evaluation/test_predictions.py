import numpy as np
import pytest

from ser_fop.corpora.schema import Row
from ser_fop.errors import InputError
from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions
from ser_fop.evaluation.predictions import (
    PREDICTIONS,
    Prediction,
    predictions_from,
    read_predictions,
    score_predictions,
    write_predictions,
)
from ser_fop.utils.run_folder import write_json

LABELS = ("angry", "happy", "sad")


def row(key, emotion, speaker="anna"):
    return Row(id=key, shard=0, frames=9, duration_s=0.1, speaker=speaker, label=emotion)


ROWS = [row("a", "sad"), row("b", "happy", "bert"), row("c, d", "sad")]
PROBABILITIES = {
    "c, d": np.array([0.2, 0.5, 0.3]),
    "a": np.array([0.1, 0.2, 0.7]),
    "b": np.array([0.25, 0.5, 0.25]),
}


def predict(**changes):
    return predictions_from(ROWS, PROBABILITIES, **{"labels": LABELS, "fold": 2, "seed": 7, **changes})


class TestPredictionsFrom:
    def test_predictions_from_joins_by_id(self):
        found = predict()
        assert [(item.id, item.speaker, item.label, item.predicted) for item in found] == [
            ("a", "anna", "sad", "sad"),
            ("b", "bert", "happy", "happy"),
            ("c, d", "anna", "sad", "happy"),
        ]
        assert {(item.fold, item.seed) for item in found} == {(2, 7)}
        assert found[2].probabilities == (0.2, 0.5, 0.3)

    def test_predictions_from_prefers_given_classes(self):
        found = predict(predicted={"a": "angry", "b": "happy", "c, d": "sad"})
        assert [item.predicted for item in found] == ["angry", "happy", "sad"]

    @pytest.mark.parametrize(
        "probabilities",
        [
            {key: PROBABILITIES[key] for key in ("a", "b")},
            {**PROBABILITIES, "e": PROBABILITIES["a"]},
            {"a": PROBABILITIES["a"], "b": PROBABILITIES["b"], "c": PROBABILITIES["a"]},
        ],
    )
    def test_predictions_from_rejects_different_ids(self, probabilities):
        with pytest.raises(ValueError, match="ids of the predictions are not those of the test utterances"):
            predictions_from(ROWS, probabilities, labels=LABELS, fold=0, seed=0)

    def test_predictions_from_rejects_nan(self):
        broken = {**PROBABILITIES, "a": np.full(len(LABELS), np.nan)}
        with pytest.raises(InputError, match="fold 2, seed 7, returns probabilities that are not finite: its training"):
            predictions_from(ROWS, broken, labels=LABELS, fold=2, seed=7)


class TestFile:
    def test_predictions_round_trip_is_exact(self, tmp_path):
        write_predictions(tmp_path / PREDICTIONS, predict(), LABELS)
        assert read_predictions(tmp_path / PREDICTIONS) == predict()

    def test_write_predictions_writes_expected_columns(self, tmp_path):
        write_predictions(tmp_path / PREDICTIONS, predict(), LABELS)
        lines = (tmp_path / PREDICTIONS).read_text().splitlines()
        assert lines[0] == "id,speaker,fold,seed,label,predicted,p_angry,p_happy,p_sad"
        assert lines[1] == "a,anna,2,7,sad,sad,0.100000,0.200000,0.700000"
        assert lines[3].startswith('"c, d",anna')

    def test_read_predictions_keeps_class_after_rounding(self, tmp_path):
        values = np.array([0.33333333, 0.33333334, 0.33333333])
        (item,) = predictions_from([row("a", "sad")], {"a": values}, labels=LABELS, fold=0, seed=0)
        write_predictions(tmp_path / PREDICTIONS, [item], LABELS)
        assert read_predictions(tmp_path / PREDICTIONS)[0].predicted == "happy"

    def test_score_predictions_of_file_equal_those_in_memory(self, tmp_path):
        write_predictions(tmp_path / PREDICTIONS, predict(), LABELS)
        found = score_predictions(read_predictions(tmp_path / PREDICTIONS), LABELS)
        assert found == score_predictions(predict(), LABELS)
        assert found["wa"] == pytest.approx(2 / 3)
        assert found["ua"] == pytest.approx(0.75)


class TestFoldRuns:
    @pytest.fixture
    def runs(self, tmp_path):
        """Write two folds: four predictions of which one is correct, and one correct prediction."""
        folders = []
        for fold, letters in enumerate(["ssas", "h"]):
            folder = tmp_path / f"fold-{fold}"
            folder.mkdir()
            names = {"s": "sad", "h": "happy", "a": "angry"}
            items = [
                Prediction(
                    id=f"{fold}-{number}",
                    speaker=f"speaker {fold}",
                    fold=fold,
                    seed=0,
                    label="happy" if fold else "angry",
                    predicted=names[letter],
                    probabilities=(0.2, 0.3, 0.5),
                )
                for number, letter in enumerate(letters)
            ]
            write_predictions(folder / PREDICTIONS, items, LABELS)
            scores = score_predictions(items, LABELS)
            write_json(
                folder / "metrics.json",
                {**scores, "transductive": fold == 1, "selected_on": "validation", "seconds": 1.5, "fold": fold},
            )
            folders.append(folder)
        return folders

    def test_pool_predictions_scores_all_utterances(self, runs, tmp_path):
        found = pool_predictions(tmp_path, runs)
        assert found["wa"] == pytest.approx(2 / 5)
        assert found["mean_of_folds"]["wa"] == pytest.approx((1 / 4 + 1) / 2)
        assert found["ua"] == pytest.approx((1 / 4 + 1) / 2)
        assert found["n"] == 5

    def test_pool_predictions_writes_all_rows(self, runs, tmp_path):
        pool_predictions(tmp_path, runs)
        pooled = read_predictions(tmp_path / PREDICTIONS)
        assert [(item.fold, item.id) for item in pooled] == [(0, f"0-{n}") for n in range(4)] + [(1, "1-0")]

    def test_pool_predictions_with_one_transductive_fold_is_transductive(self, runs, tmp_path):
        found = pool_predictions(tmp_path, runs)
        assert found["transductive"] is True
        assert not pool_predictions(tmp_path, runs[:1])["transductive"]
        assert found["seconds"] == 3.0
        assert [fold["fold"] for fold in found["folds"]] == [0, 1]

    def test_fold_folder_returns_subfolder_or_root(self, runs, tmp_path):
        assert fold_folder(tmp_path, 1) == runs[1]
        assert fold_folder(runs[0], 1) == runs[0]
