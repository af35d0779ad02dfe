"""Searches end to end, small: what is tried, who is heard, and what goes on after a failure."""

import csv
import dataclasses
import json

import pytest
from ser_fop.pipelines import finetune, pretrain, tune

from ser_fop.corpora.folds import read_folds
from ser_fop.data.records import Records
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.tuning.oracles import oracle_of
from ser_fop.tuning.space import space_of
from ser_fop.tuning.stage_tuner import StageTuner
from ser_fop.tuning.tune_config import TuneConfig

SMALL = ["--model.d-model", "16", "--model.heads", "2", "--model.feed-forward", "16", "--model.layers", "1"]
SPACE = """
finetuning.learning_rates: {float: [1e-3, 1e-1], log: true}
finetuning.pooling: {choice: [mean, mean_std]}
"""


def search(work, out, *options, space=SPACE, epochs=1, corpus="ravdess"):
    out.parent.mkdir(parents=True, exist_ok=True)
    (out.parent / "space.yaml").write_text(space)
    arguments = ["--records", work / "records" / corpus, "--out", out, "--space", out.parent / "space.yaml", *SMALL]
    task = "pretraining" if "pretraining" in options else "finetuning"
    return tune.main([str(one) for one in [*arguments, f"--{task}.epochs", epochs, *options]])


@pytest.fixture(scope="module")
def searched(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("tune") / "out"
    assert search(work, out, "--trials", "3") == 0
    return out


class TestSearch:
    def test_every_trial_is_a_run_folder(self, searched):
        runs = sorted((searched / "search").glob("trial_*/run/COMPLETED"))
        assert len(runs) == 3
        configs = [json.loads((run.parent / "config.json").read_text())["config"]["training"] for run in runs]
        assert len({json.dumps([one["learning_rates"], one["pooling"]]) for one in configs}) == 3

    def test_no_trial_hears_or_tests_a_test_speaker(self, searched, work):
        fold = folds_of_records(Records(work / "records" / "ravdess")).folds[0]
        tested = {f"ravdess:{speaker}" for speaker in fold.test}
        for run in (searched / "search").glob("trial_*/run"):
            assert not tested & set(json.loads((run / "config.json").read_text())["seen_speakers"])
            with (run / "predictions.csv").open() as file:
                assert {row["speaker"] for row in csv.DictReader(file)} == set(fold.validation)
        (inner,) = read_folds(searched / "inner_folds.json").folds
        assert set(fold.test) <= set(inner.unused)

    def test_the_first_trial_is_what_the_search_is_to_improve_on(self, searched):
        labelled_speakers = json.loads((searched / "trials.json").read_text())
        (first,) = (one for one in labelled_speakers["all"] if one["trial"] == "0")
        assert first["values"] == {"finetuning.learning_rates": 1e-3, "finetuning.pooling": "mean"}
        assert labelled_speakers["default"] == first["value"] <= labelled_speakers["best"]["value"]
        assert not (searched / "search" / "default").exists()  # it is not trained twice

    def test_the_best_is_trained_on_the_fold_itself(self, searched, work):
        labelled_speakers = json.loads((searched / "trials.json").read_text())
        values = [one["value"] for one in labelled_speakers["all"]]
        assert labelled_speakers["best"]["value"] == max(values)
        config = json.loads((searched / "best" / "config.json").read_text())["config"]
        assert config["training"]["learning_rates"] == [
            labelled_speakers["best"]["values"]["finetuning.learning_rates"]
        ]
        metrics = json.loads((searched / "best" / "metrics.json").read_text())
        fold = folds_of_records(Records(work / "records" / "ravdess")).folds[0]
        assert set(metrics["speakers"]) == set(fold.test)
        assert labelled_speakers["test_best"]["ua"] == metrics["ua"]

    def test_tables_hold_every_trial(self, searched):
        with (searched / "trials.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [float(row["ua"]) for row in rows] == sorted((float(row["ua"]) for row in rows), reverse=True)
        page = (searched / "report" / "index.html").read_text()
        assert page.count("<tr><td>") == 3
        assert "on whom no trial learned" in page

    def test_tensorboard_has_the_values(self, searched):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        for trial in (searched / "search").glob("trial_*"):
            events = EventAccumulator(str(trial / "logs")).Reload()
            assert "_hparams_/session_start_info" in events.summary_metadata
            assert events.Tags()["tensors"].count("ua") == 1

    def test_is_not_run_again(self, searched, work, monkeypatch):
        before = (searched / "trials.json").read_text()
        monkeypatch.setattr(finetune, "finetune", lambda *_, **__: pytest.fail("trained again"))
        monkeypatch.setattr(finetune, "run", lambda config: config.out)
        assert search(work, searched, "--trials", "3") == 0
        assert (searched / "trials.json").read_text() == before

    def test_more_trials_go_on_from_those(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--trials", "1") == 0
        first = (tmp_path / "out" / "search" / "trial_0" / "run" / "COMPLETED").stat().st_mtime_ns
        assert search(work, tmp_path / "out", "--trials", "2") == 0
        assert (tmp_path / "out" / "search" / "trial_0" / "run" / "COMPLETED").stat().st_mtime_ns == first
        assert len(json.loads((tmp_path / "out" / "trials.json").read_text())["all"]) == 2

    def test_what_a_search_goes_through_must_stay(self, searched, work, capsys):
        assert search(work, searched, "--trials", "3", space=SPACE.replace("1e-1", "1e-2")) == 2
        assert "another one than the trials" in capsys.readouterr().err

    def test_another_search_is_refused(self, searched, work, capsys):
        assert search(work, searched, "--trials", "3", "--seed", "1") == 2
        assert "seed" in capsys.readouterr().err


class TestTuners:
    def test_settings_outside_the_space_are_trained_beside_it(self, work, tmp_path):
        space = "finetuning.learning_rates: {float: [2e-3, 1e-1], log: true}"
        assert search(work, tmp_path / "out", "--trials", "1", space=space) == 0
        labelled_speakers = json.loads((tmp_path / "out" / "trials.json").read_text())
        metrics = json.loads((tmp_path / "out" / "search" / "default" / "metrics.json").read_text())
        assert labelled_speakers["default"] == metrics["ua"]
        assert labelled_speakers["all"][0]["values"] == {"finetuning.learning_rates": 2e-3}

    def test_a_bayesian_search_learns_before_its_trials_are_spent(self, tmp_path):
        config = TuneConfig(records=(tmp_path,), out=tmp_path / "out", tuner="bayesian", trials=12)
        oracle = oracle_of(config, space_of(config))
        assert oracle.num_initial_points == 3
        assert oracle.begins_with_defaults

    def test_a_grid_is_gone_through(self, work, tmp_path):
        space = "finetuning.pooling: {choice: [mean, mean_std]}\nfinetuning.batch_frames: {choice: [4096, 8192]}"
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "9", space=space) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert len({json.dumps(one["values"]) for one in found}) == 4

    @pytest.mark.slow
    def test_bayesian(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "bayesian", "--trials", "2") == 0

    @pytest.mark.slow
    def test_hyperband_deals_out_the_epochs(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "hyperband", epochs=3) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert {one["values"]["finetuning.epochs"] for one in found} == {2, 3} or len(found) > 2
        space = "finetuning.epochs: {int: [1, 3]}"
        assert search(work, tmp_path / "other" / "out", "--tuner", "hyperband", space=space) == 2

    @pytest.mark.slow
    def test_pretraining_looks_for_skill(self, work, tmp_path):
        space = "pretraining.learning_rate: {float: [1e-4, 1e-2], log: true}"
        options = ["--task", "pretraining", "--trials", "2"]
        assert search(work, tmp_path / "out", *options, space=space, corpus="librispeech") == 0
        labelled_speakers = json.loads((tmp_path / "out" / "trials.json").read_text())
        assert labelled_speakers["objective"] == "skill"
        assert (tmp_path / "out" / "best" / "network").is_dir()


def propose(config, oracle_kind, folder, *, reload):
    """Return an oracle that goes on from what a folder holds."""
    config = dataclasses.replace(config, tuner=oracle_kind, out=folder)
    oracle = oracle_of(config, space_of(config))
    StageTuner(oracle, config, lambda values, place: None)
    assert (oracle.end_order != []) == reload
    return oracle


class TestState:
    """A search that is killed anywhere goes on with every trial once."""

    @pytest.fixture
    def config(self, tmp_path):
        (tmp_path / "space.yaml").write_text("model.layers: {choice: [1, 2, 3]}\nmodel.heads: {choice: [2, 4]}")
        return TuneConfig(records=(tmp_path,), out=tmp_path, space=tmp_path / "space.yaml", trials=6)

    def ended(self, oracle, trial, *, value=0.5):
        oracle.update_trial(trial.trial_id, {"ua": value})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    @pytest.mark.parametrize("kind", ["grid", "random", "bayesian"])
    @pytest.mark.parametrize("killed", ["between trials", "in a trial"])
    def test_every_trial_is_run_once(self, config, tmp_path, kind, killed):
        tried = []
        oracle = propose(config, kind, tmp_path / "out", reload=False)
        for _ in range(2):
            trial = oracle.create_trial("tuner0")
            tried.append(trial.hyperparameters.values)
            self.ended(oracle, trial)
        if killed == "in a trial":
            oracle.create_trial("tuner0")
        oracle = propose(config, kind, tmp_path / "out", reload=True)
        while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
            tried.append(trial.hyperparameters.values)
            self.ended(oracle, trial)
        assert len(tried) == 6
        assert len({json.dumps(values, sort_keys=True) for values in tried}) == 6
        assert len(oracle.end_order) == len(set(oracle.end_order)) == 6

    def test_a_trial_whose_proposal_was_not_recorded_was_never_begun(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.ended(oracle, oracle.create_trial("tuner0"))
        before = (tmp_path / "out" / "search" / "oracle.json").read_bytes()
        oracle.create_trial("tuner0")
        (tmp_path / "out" / "search" / "oracle.json").write_bytes(before)  # killed between the two files
        oracle = propose(config, "random", tmp_path / "out", reload=True)
        assert len(oracle.trials) == 1
        assert oracle.create_trial("tuner0").trial_id == "1"

    def test_a_chief_leaves_its_workers_their_trials(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.ended(oracle, oracle.create_trial("tuner1"))
        held = oracle.create_trial("tuner1").trial_id
        config = dataclasses.replace(config, tuner="random", out=tmp_path / "out")
        again = oracle_of(config, space_of(config))
        again.keeps_ongoing = True
        StageTuner(again, config, lambda values, place: None)
        assert again.create_trial("tuner2").trial_id != held
        assert again.create_trial("tuner1").trial_id == held

    def test_an_error_inside_lets_go_of_the_lock(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        with pytest.raises(KeyError):
            oracle.update_trial("no such trial", {"ua": 1.0})
        assert isinstance(oracle.broken, KeyError)
        assert oracle.create_trial("tuner0").status == "RUNNING"  # would wait for ever


class TestFailures:
    SPACE = (
        "model.heads: {choice: [2, 3]}\nfinetuning.learning_rates: {choice: [0.001, 0.01]}"  # 16 is no multiple of 3
    )

    def test_a_trial_that_fails_does_not_end_the_search(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "4", space=self.SPACE) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert {one["values"]["model.heads"]: one["status"] for one in found} == {2: "completed", 3: "failed"}
        assert found[-1]["value"] is None

    def test_one_after_another_do(self, work, tmp_path, capsys):
        space = "model.heads: {choice: [3, 5, 7]}"
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "3", space=space) == 2
        error = capsys.readouterr().err
        assert "3 trials in a row failed, the last with: model.d_model 16 must be a multiple" in error
        assert "Traceback" not in error

    def test_what_is_no_fault_of_the_values_ends_it(self, work, tmp_path, monkeypatch):
        monkeypatch.setattr(pretrain, "run", lambda config: (_ for _ in ()).throw(ZeroDivisionError))
        space = "pretraining.learning_rate: {float: [1e-4, 1e-2], log: true}"
        with pytest.raises(ZeroDivisionError):
            search(work, tmp_path / "out", "--task", "pretraining", space=space, corpus="librispeech")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--trials", "0"], "--trials expected at least 1"),
            (["--fold", "all"], "--fold expected the number of one fold"),
            (["--fold", "7"], "--fold expected a number from 0 to 4"),
        ],
    )
    def test_bad_input_is_told_before_any_work(self, work, tmp_path, capsys, options, said):
        assert search(work, tmp_path / "out", *options) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "out" / "search" / "default").exists()
