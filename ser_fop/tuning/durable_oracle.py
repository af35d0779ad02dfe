"""KerasTuner's oracles with a state that survives a kill at any moment, and that gives up in words."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.src.engine import oracle as engine
from keras_tuner.src.tuners.gridsearch import LinkedList

from ser_fop.utils.json_io import write_text

FAILURE = "failure.txt"


class DurableOracle(keras_tuner.Oracle):
    """Stands before one of KerasTuner's oracles among the bases of a class.

    KerasTuner writes its state in place, saves it before a trial's end is complete, forgets where a grid search is, and
    keeps its lock where a call fails.

    Attributes:
        gave_up: Why no more trials are proposed; empty while they are.
        broken: The error inside, which the owner of the search raises.
        keeps_ongoing: Whether a trial that was under way belongs to its worker still, which may live: true for a chief
            whose workers are elsewhere.
        begins_with_defaults: Whether the first trial has the settings that the search is to improve on.
    """

    gave_up: str = ""
    broken: Exception | None = None
    keeps_ongoing: bool = False
    begins_with_defaults: bool = False

    def create_trial(self, tuner_id: str) -> Any:
        """Propose a trial, none after too many failures."""
        if self.gave_up:
            self.tuner_ids.discard(tuner_id)
            return engine.trial_module.Trial(
                hyperparameters=self.hyperparameters.copy(), trial_id="none", status="STOPPED"
            )
        return self._guarded(super().create_trial, tuner_id)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Propose the values of a trial; what the model of a Bayesian search would try again is drawn instead."""
        if self.begins_with_defaults and not self.start_order:
            values = {one.name: one.default for one in self.hyperparameters.space}
            return {"status": engine.trial_module.TrialStatus.RUNNING, "values": values}
        found = super().populate_space(trial_id)
        is_modelled = isinstance(self, keras_tuner.oracles.BayesianOptimizationOracle) and found["values"]
        return self._random_populate_space() if is_modelled and self._duplicate(found["values"]) else found

    def update_trial(self, trial_id: str, metrics: Any, step: int = 0) -> Any:
        """Take note of a trial's figures."""
        return self._guarded(super().update_trial, trial_id, metrics, step=step)

    def end_trial(self, trial: Any) -> None:
        """End a trial, and save that it has ended."""
        self._guarded(super().end_trial, trial)
        self.save()

    def save(self) -> None:
        """Write the state, whole or not at all."""
        _write(Path(self._get_oracle_fname()), self.get_state())

    def reload(self) -> None:
        """Read the state; what was under way when it was left is proposed first."""
        super().reload()
        known = set(self.start_order)  # a trial whose proposal was not recorded was never begun
        self.trials = {name: trial for name, trial in self.trials.items() if name in known}
        state = json.loads(Path(self._get_oracle_fname()).read_text(encoding="utf-8"))
        ongoing = {tuner: name for tuner, name in state["ongoing_trials"].items() if name not in self.end_order}
        waiting = [name for name in state["retry_queue"] if name not in self.end_order]
        if self.keeps_ongoing:
            self.ongoing_trials = {tuner: self.trials[name] for tuner, name in ongoing.items()}
        else:
            waiting += ongoing.values()
        self._retry_queue = list(dict.fromkeys(waiting))

    def get_state(self) -> dict[str, Any]:
        """Return all that a search goes on from."""
        state = super().get_state()
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            state["grid"] = {"order": list(_walk(self._ordered_ids)), "next": list(self._populate_next)}
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what `get_state` gave."""
        super().set_state(state)
        if isinstance(self, keras_tuner.oracles.GridSearchOracle):
            self._ordered_ids = LinkedList()
            for name in state["grid"]["order"]:
                self._ordered_ids.insert(name)
            self._populate_next = list(state["grid"]["next"])

    def _save_trial(self, trial: Any) -> None:
        _write(Path(self._get_trial_dir(trial.trial_id)) / "trial.json", trial.get_state())

    def _check_consecutive_failures(self) -> None:
        """Note that the search is to end, where KerasTuner would raise on whatever thread asks."""
        last = [self.trials[name] for name in self.end_order][-self.max_consecutive_failed_trials :]
        if len(last) == self.max_consecutive_failed_trials and all(trial.status == "FAILED" for trial in last):
            told = Path(self._get_trial_dir(last[-1].trial_id)) / FAILURE
            reason = told.read_text(encoding="utf-8").strip() if told.exists() else "nothing was said"
            self.gave_up = f"{len(last)} trials in a row failed, the last with: {reason}"

    def _guarded(self, call: Any, *arguments: Any, **more: Any) -> Any:
        """Call what locks, and let go of the lock whatever happens."""
        try:
            return call(*arguments, **more)
        except Exception as error:
            self.broken = self.broken or error
            if engine.THREADS[self] == threading.current_thread().name:
                engine.THREADS[self] = None
                engine.LOCKS[self].release()
            raise


def _walk(linked: LinkedList) -> Iterator[str]:
    place = linked._next_index[None]
    while place is not None:
        yield linked._memory[place]
        place = linked._next_index[place]


def _write(path: Path, state: dict[str, Any]) -> None:
    write_text(path, json.dumps(state))
