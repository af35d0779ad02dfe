"""KerasTuner's oracles, with a state that survives a kill at any moment and a reason when they give up."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.src.engine import oracle as engine
from keras_tuner.src.tuners.gridsearch import LinkedList

from ser_fop.errors import InputError
from ser_fop.utils.json_io import write_text

FAILURE = "failure.txt"


class DurableOracle(keras_tuner.Oracle):
    """Mixin that makes the state of a KerasTuner oracle durable.

    List it before the oracle among the bases of a class. It works around four defects of KerasTuner: the state is
    written in place, it is saved before the end of a trial is complete, the position in a grid search is lost, and
    a failing call does not release the lock.

    Attributes:
        gave_up: Reason why the oracle proposes no more trials; empty as long as it does.
        broken: First error inside the oracle; the owner of the search raises it.
        keeps_ongoing: Whether ongoing trials stay assigned to their workers after a reload. True for a chief, whose
            workers on other machines may still run.
        begins_with_defaults: Whether the first trial uses the default settings, which the search is to improve on.
    """

    gave_up: str = ""
    broken: Exception | None = None
    keeps_ongoing: bool = False
    begins_with_defaults: bool = False

    def create_trial(self, tuner_id: str) -> Any:
        """Propose a trial; after too many failures, return a stopped one."""
        if self.gave_up:
            self.tuner_ids.discard(tuner_id)
            return engine.trial_module.Trial(
                hyperparameters=self.hyperparameters.copy(), trial_id="none", status="STOPPED"
            )
        return self._guarded(super().create_trial, tuner_id)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Propose the values of a trial.

        The model of a Bayesian search may propose values that it has already tried. Random values replace them.
        """
        if self.begins_with_defaults and not self.start_order:
            values = {parameter.name: parameter.default for parameter in self.hyperparameters.space}
            return {"status": engine.trial_module.TrialStatus.RUNNING, "values": values}
        proposal = super().populate_space(trial_id)
        is_bayesian = isinstance(self, keras_tuner.oracles.BayesianOptimizationOracle) and proposal["values"]
        return self._random_populate_space() if is_bayesian and self._duplicate(proposal["values"]) else proposal

    def update_trial(self, trial_id: str, metrics: Any, step: int = 0) -> Any:
        """Record the metrics of a trial."""
        return self._guarded(super().update_trial, trial_id, metrics, step=step)

    def end_trial(self, trial: Any) -> None:
        """End a trial and save the state."""
        self._guarded(super().end_trial, trial)
        self.save()

    def save(self) -> None:
        """Write the state atomically."""
        _write(Path(self._get_oracle_fname()), self.get_state())

    def reload(self) -> None:
        """Read the state; interrupted trials are proposed first.

        Raises:
            InputError: If a file of the search is damaged.
        """
        search = Path(self._project_dir)
        for path in (Path(self._get_oracle_fname()), *search.glob("trial_*/trial.json")):
            if path.exists():
                _check(path, search)
        state = json.loads(Path(self._get_oracle_fname()).read_text(encoding="utf-8"))
        for name in {*state.get("start_order", ()), *state.get("ongoing_trials", {}).values()}:
            if not (path := Path(self._get_trial_dir(name)) / "trial.json").exists():
                raise InputError(
                    f"{path} is missing: expected a file for each trial. Restore it from a copy, or remove {search} to"
                    " start the search again."
                )
        super().reload()
        known = set(self.start_order)  # a trial that is not recorded here never started
        self.trials = {name: trial for name, trial in self.trials.items() if name in known}
        ongoing = {tuner: name for tuner, name in state["ongoing_trials"].items() if name not in self.end_order}
        waiting = [name for name in state["retry_queue"] if name not in self.end_order]
        if self.keeps_ongoing:
            self.ongoing_trials = {tuner: self.trials[name] for tuner, name in ongoing.items()}
        else:
            waiting += ongoing.values()
        self._retry_queue = list(dict.fromkeys(waiting))

    def get_state(self) -> dict[str, Any]:
        """Return the state from which a search resumes."""
        state = super().get_state()
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            state["grid"] = {"order": list(_walk(self._ordered_ids)), "next": list(self._populate_next)}
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore a state that `get_state` returned."""
        super().set_state(state)
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            self._ordered_ids = LinkedList()
            for name in state["grid"]["order"]:
                self._ordered_ids.insert(name)
            self._populate_next = list(state["grid"]["next"])

    def _save_trial(self, trial: Any) -> None:
        _write(Path(self._get_trial_dir(trial.trial_id)) / "trial.json", trial.get_state())

    def _check_consecutive_failures(self) -> None:
        """Record that the search must end; KerasTuner would raise in the calling thread, which may be a server's."""
        last = [self.trials[name] for name in self.end_order][-self.max_consecutive_failed_trials :]
        if len(last) == self.max_consecutive_failed_trials and all(trial.status == "FAILED" for trial in last):
            failure_file = Path(self._get_trial_dir(last[-1].trial_id)) / FAILURE
            reason = failure_file.read_text(encoding="utf-8").strip() if failure_file.exists() else "no message"
            self.gave_up = f"{len(last)} trials in a row failed; the last error was: {reason}"

    def _guarded(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function that locks the oracle, and release the lock if the call fails."""
        try:
            return call(*args, **kwargs)
        except Exception as error:
            self.broken = self.broken or error
            if engine.THREADS[self] == threading.current_thread().name:
                engine.THREADS[self] = None
                engine.LOCKS[self].release()
            raise


def _check(path: Path, search: Path) -> None:
    """Raise an `InputError` if a file of KerasTuner is no JSON object, as after a full disk."""
    try:
        is_object = isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise InputError(
            f"{path} is damaged: expected a JSON object. Restore it from a copy, or remove {search} to start the search"
            " again."
        )


def _walk(linked: LinkedList) -> Iterator[str]:
    index = linked._next_index[None]
    while index is not None:
        yield linked._memory[index]
        index = linked._next_index[index]


def _write(path: Path, state: dict[str, Any]) -> None:
    write_text(path, json.dumps(state))
