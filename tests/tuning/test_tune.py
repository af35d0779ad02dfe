"""Small searches end to end: trials, speakers, resuming and failures."""

import csv
import dataclasses
import json

import pytest
from ser_fop.pipelines import finetune, pretrain, tune

from ser_fop.corpora.folds import read_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.tuning.oracles import oracle_of
from ser_fop.tuning.space import space_of
from ser_fop.tuning.stage_tuner import StageTuner
from ser_fop.tuning.tune_config import TuneConfig
from tests.stages import eager_steps

SMALL = ["--model.d-model", "16", "--model.heads", "2", "--model.feed-forward", "16", "--model.layers", "1"]
SPACE = """
finetuning.learning_rates: {float: [1e-3, 1e-1], log: true}
finetuning.pooling: {choice: [mean, mean_std]}
"""


def search(work, out, *options, space=SPACE, epochs=1, corpus="ravdess"):
    out.parent.mkdir(parents=True, exist_ok=True)
    (out.parent / "space.yaml").write_text(space)
    arguments = ["--records", work / "records" / corpus, "--out", out, "--space", out.parent / "space.yaml", *SMALL]
    arguments += ["--finetuning.batch-size", "128", "--pretraining.batch-size", "128"]  # few steps
    task = "pretraining" if "pretraining" in options else "finetuning"
    with eager_steps():
        return tune.main([str(one) for one in [*arguments, f"--{task}.epochs", epochs, *options]])


@pytest.fixture(scope="module")
def searched(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("tune") / "out"
    assert search(work, out, "--trials", "3") == 0
    return out


class TestSearch:
    def test_search_writes_a_run_folder_for_each_trial(self, searched):
        runs = sorted((searched / "search").glob("trial_*/run/COMPLETED"))
        assert len(runs) == 3
        configs = [json.loads((run.parent / "config.json").read_text())["config"]["training"] for run in runs]
        assert len({json.dumps([one["learning_rates"], one["pooling"]]) for one in configs}) == 3

    def test_search_excludes_test_speakers_from_all_trials(self, searched, work):
        fold = folds_of_records(Records(work / "records" / "ravdess")).folds[0]
        tested = {f"ravdess:{speaker}" for speaker in fold.test}
        for run in (searched / "search").glob("trial_*/run"):
            assert not tested & set(json.loads((run / "config.json").read_text())["seen_speakers"])
            with (run / "predictions.csv").open() as file:
                assert {row["speaker"] for row in csv.DictReader(file)} == set(fold.validation)
        (inner,) = read_folds(searched / "inner_folds.json").folds
        assert set(fold.test) <= set(inner.unused)

    def test_search_starts_with_default_settings(self, searched):
        summary = json.loads((searched / "trials.json").read_text())
        (first,) = (one for one in summary["all"] if one["trial"] == "0")
        assert first["values"] == {"finetuning.learning_rates": 1e-3, "finetuning.pooling": "mean"}
        assert summary["default"] == first["value"] <= summary["best"]["value"]
        assert not (searched / "search" / "default").exists()  # trial 0 already has these settings

    def test_search_trains_best_settings_on_the_original_fold(self, searched, work):
        summary = json.loads((searched / "trials.json").read_text())
        values = [one["value"] for one in summary["all"]]
        assert summary["best"]["value"] == max(values)
        config = json.loads((searched / "best" / "config.json").read_text())["config"]
        assert config["training"]["learning_rates"] == [summary["best"]["values"]["finetuning.learning_rates"]]
        metrics = json.loads((searched / "best" / "metrics.json").read_text())
        fold = folds_of_records(Records(work / "records" / "ravdess")).folds[0]
        assert set(metrics["speakers"]) == set(fold.test)
        assert summary["test_best"]["ua"] == metrics["ua"]

    def test_tables_contain_every_trial(self, searched):
        with (searched / "trials.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [float(row["ua"]) for row in rows] == sorted((float(row["ua"]) for row in rows), reverse=True)
        page = (searched / "report" / "index.html").read_text()
        assert page.count("<tr><td>") == 3
        assert "Test speakers, who are in no trial" in page

    def test_tensorboard_logs_contain_values_and_objective(self, searched):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        for trial in (searched / "search").glob("trial_*"):
            events = EventAccumulator(str(trial / "logs")).Reload()
            assert "_hparams_/session_start_info" in events.summary_metadata
            assert events.Tags()["tensors"].count("ua") == 1

    def test_finished_search_does_not_train_again(self, searched, work, monkeypatch):
        before = (searched / "trials.json").read_text()
        monkeypatch.setattr(finetune, "finetune", lambda *_, **__: pytest.fail("trained again"))
        monkeypatch.setattr(finetune, "run", lambda config: config.out)
        assert search(work, searched, "--trials", "3") == 0
        assert (searched / "trials.json").read_text() == before

    @pytest.mark.slow
    def test_search_with_more_trials_keeps_finished_ones(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--trials", "1") == 0
        first = (tmp_path / "out" / "search" / "trial_0" / "run" / "COMPLETED").stat().st_mtime_ns
        assert search(work, tmp_path / "out", "--trials", "2") == 0
        assert (tmp_path / "out" / "search" / "trial_0" / "run" / "COMPLETED").stat().st_mtime_ns == first
        assert len(json.loads((tmp_path / "out" / "trials.json").read_text())["all"]) == 2

    def test_search_rejects_changed_space(self, searched, work, capsys):
        assert search(work, searched, "--trials", "3", space=SPACE.replace("1e-1", "1e-2")) == 2
        assert "has changed since the trials" in capsys.readouterr().err

    def test_search_rejects_changed_seed(self, searched, work, capsys):
        assert search(work, searched, "--trials", "3", "--seed", "1") == 2
        assert "seed" in capsys.readouterr().err


class TestTuners:
    @pytest.mark.slow
    def test_default_settings_outside_the_space_are_trained_separately(self, work, tmp_path):
        space = "finetuning.learning_rates: {float: [2e-3, 1e-1], log: true}"
        assert search(work, tmp_path / "out", "--trials", "1", space=space) == 0
        summary = json.loads((tmp_path / "out" / "trials.json").read_text())
        metrics = json.loads((tmp_path / "out" / "search" / "default" / "metrics.json").read_text())
        assert summary["default"] == metrics["ua"]
        assert summary["all"][0]["values"] == {"finetuning.learning_rates": 2e-3}

    def test_bayesian_search_draws_a_quarter_of_its_trials_at_random(self, tmp_path):
        config = TuneConfig(records=(tmp_path,), out=tmp_path / "out", tuner="bayesian", trials=12)
        oracle = oracle_of(config, space_of(config))
        assert oracle.num_initial_points == 3
        assert oracle.begins_with_defaults

    @pytest.mark.slow
    def test_grid_search_tries_all_combinations(self, work, tmp_path):
        space = "finetuning.pooling: {choice: [mean, mean_std]}\nfinetuning.batch_frames: {choice: [4096, 8192]}"
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "9", space=space) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert len({json.dumps(one["values"]) for one in found}) == 4

    @pytest.mark.slow
    def test_bayesian_search_finishes(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "bayesian", "--trials", "2") == 0

    @pytest.mark.slow
    def test_hyperband_sets_epochs_and_rejects_them_in_the_space(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "hyperband", epochs=3) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert {one["values"]["finetuning.epochs"] for one in found} == {2, 3} or len(found) > 2
        space = "finetuning.epochs: {int: [1, 3]}"
        assert search(work, tmp_path / "other" / "out", "--tuner", "hyperband", space=space) == 2

    @pytest.mark.slow
    def test_pretraining_search_maximises_skill(self, work, tmp_path):
        space = "pretraining.learning_rate: {float: [1e-4, 1e-2], log: true}"
        options = ["--task", "pretraining", "--trials", "2"]
        assert search(work, tmp_path / "out", *options, space=space, corpus="librispeech") == 0
        summary = json.loads((tmp_path / "out" / "trials.json").read_text())
        assert summary["objective"] == "skill"
        assert (tmp_path / "out" / "best" / "network").is_dir()


def propose(config, oracle_kind, folder, *, reload):
    """Return an oracle that resumes from the state in a folder."""
    config = dataclasses.replace(config, tuner=oracle_kind, out=folder)
    oracle = oracle_of(config, space_of(config))
    StageTuner(oracle, config, lambda values, place: None)
    assert (oracle.end_order != []) == reload
    return oracle


class TestState:
    """A search that is killed at any moment resumes, and runs every trial once."""

    @pytest.fixture
    def config(self, tmp_path):
        (tmp_path / "space.yaml").write_text("model.layers: {choice: [1, 2, 3]}\nmodel.heads: {choice: [2, 4]}")
        return TuneConfig(records=(tmp_path,), out=tmp_path, space=tmp_path / "space.yaml", trials=6)

    def end_trial(self, oracle, trial, *, value=0.5):
        oracle.update_trial(trial.trial_id, {"ua": value})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    @pytest.mark.parametrize("kind", ["grid", "random", "bayesian"])
    @pytest.mark.parametrize("killed", ["between trials", "in a trial"])
    def test_killed_search_runs_every_trial_once(self, config, tmp_path, kind, killed):
        tried = []
        oracle = propose(config, kind, tmp_path / "out", reload=False)
        for _ in range(2):
            trial = oracle.create_trial("tuner0")
            tried.append(trial.hyperparameters.values)
            self.end_trial(oracle, trial)
        if killed == "in a trial":
            oracle.create_trial("tuner0")
        oracle = propose(config, kind, tmp_path / "out", reload=True)
        while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
            tried.append(trial.hyperparameters.values)
            self.end_trial(oracle, trial)
        assert len(tried) == 6
        assert len({json.dumps(values, sort_keys=True) for values in tried}) == 6
        assert len(oracle.end_order) == len(set(oracle.end_order)) == 6

    def test_reload_drops_trial_that_is_not_in_the_saved_state(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.end_trial(oracle, oracle.create_trial("tuner0"))
        before = (tmp_path / "out" / "search" / "oracle.json").read_bytes()
        oracle.create_trial("tuner0")
        (tmp_path / "out" / "search" / "oracle.json").write_bytes(before)  # killed between the two files
        oracle = propose(config, "random", tmp_path / "out", reload=True)
        assert len(oracle.trials) == 1
        assert oracle.create_trial("tuner0").trial_id == "1"

    @pytest.mark.parametrize("pattern", ["oracle.json", "trial_*/trial.json"])
    def test_reload_names_a_damaged_file(self, config, tmp_path, pattern):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.end_trial(oracle, oracle.create_trial("tuner0"))
        path = next((tmp_path / "out" / "search").glob(pattern))
        path.write_bytes(path.read_bytes()[:20])
        with pytest.raises(InputError, match=rf"{path.name} is damaged: .* remove .*search to start the search again"):
            propose(config, "random", tmp_path / "out", reload=True)

    def test_reload_names_a_missing_trial(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.end_trial(oracle, oracle.create_trial("tuner0"))
        next((tmp_path / "out" / "search").glob("trial_*/trial.json")).unlink()
        with pytest.raises(InputError, match=r"trial\.json is missing: .* remove .*search to start the search again"):
            propose(config, "random", tmp_path / "out", reload=True)

    def test_reloaded_chief_keeps_ongoing_trials_of_its_workers(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        self.end_trial(oracle, oracle.create_trial("tuner1"))
        ongoing = oracle.create_trial("tuner1").trial_id
        config = dataclasses.replace(config, tuner="random", out=tmp_path / "out")
        restarted = oracle_of(config, space_of(config))
        restarted.keeps_ongoing = True
        StageTuner(restarted, config, lambda values, place: None)
        assert restarted.create_trial("tuner2").trial_id != ongoing
        assert restarted.create_trial("tuner1").trial_id == ongoing

    def test_failing_call_releases_the_lock(self, config, tmp_path):
        oracle = propose(config, "random", tmp_path / "out", reload=False)
        with pytest.raises(KeyError):
            oracle.update_trial("no such trial", {"ua": 1.0})
        assert isinstance(oracle.broken, KeyError)
        assert oracle.create_trial("tuner0").status == "RUNNING"  # a locked oracle would wait forever


class TestFailures:
    SPACE = (
        "model.heads: {choice: [2, 3]}\nfinetuning.learning_rates: {choice: [0.001, 0.01]}"  # 16 is no multiple of 3
    )

    @pytest.mark.slow
    def test_failed_trial_does_not_end_the_search(self, work, tmp_path):
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "4", space=self.SPACE) == 0
        found = json.loads((tmp_path / "out" / "trials.json").read_text())["all"]
        assert {one["values"]["model.heads"]: one["status"] for one in found} == {2: "completed", 3: "failed"}
        assert found[-1]["value"] is None

    @pytest.mark.slow
    def test_three_failed_trials_in_a_row_end_the_search(self, work, tmp_path, capsys):
        space = "model.heads: {choice: [3, 5, 7]}"
        assert search(work, tmp_path / "out", "--tuner", "grid", "--trials", "3", space=space) == 2
        error = capsys.readouterr().err
        assert "3 trials in a row failed; the last error was: model.d_model 16 must be a multiple" in error
        assert "Traceback" not in error

    def test_unexpected_error_ends_the_search(self, work, tmp_path, monkeypatch):
        monkeypatch.setattr(pretrain, "run", lambda config: (_ for _ in ()).throw(ZeroDivisionError))
        space = "pretraining.learning_rate: {float: [1e-4, 1e-2], log: true}"
        with pytest.raises(ZeroDivisionError):
            search(work, tmp_path / "out", "--task", "pretraining", space=space, corpus="librispeech")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--trials", "0"], "--trials expected at least 1"),
            (["--fold", "all"], "--fold expected the number of one fold"),
            (["--fold", "7"], "--fold expected a number from 0 to 4"),
        ],
    )
    def test_bad_options_are_rejected_before_any_trial(self, work, tmp_path, capsys, options, message):
        assert search(work, tmp_path / "out", *options) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "out" / "search" / "default").exists()
