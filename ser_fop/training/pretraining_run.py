"""Logs, checkpoints, metrics and files of one pretraining."""

import shutil
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.joined_records import corpora_of
from ser_fop.errors import InputError
from ser_fop.hub.networks import NETWORK
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.models.saving import save_network
from ser_fop.training.callbacks.checkpoints import Checkpoints
from ser_fop.training.callbacks.early_stopping import BestWeights
from ser_fop.training.callbacks.eta import TimeRemaining
from ser_fop.training.callbacks.resume import Fitted
from ser_fop.training.callbacks.tensorboard import PretrainingTensorBoard
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.objectives.skill import EXAMPLES, SkillPrinter, example_prediction
from ser_fop.training.pretraining_data import PretrainingData
from ser_fop.training.setup import verbosity
from ser_fop.utils.run_folder import CHECKPOINTS, Stage


class PretrainingRun:
    """Run folder of a pretraining, and the errors of the untrained network.

    Args:
        stage: The run folder being written.
        config: The stage's config.
        data: The datasets.
        model: The compiled network, not trained yet.
        distribution: The machines and devices that train together.

    Attributes:
        fit_options: Options of `fit_resumably`: early stopping by the validation error; checkpoints, which are removed
            when the run is complete; and, on the chief, callbacks for skill, TensorBoard and the remaining time.
    """

    def __init__(
        self,
        stage: Stage,
        config: PretrainConfig,
        data: PretrainingData,
        model: keras.Model,
        distribution: Distribution,
    ) -> None:
        self._stage, self._config, self._data, self._model = stage, config, data, model
        self._distribution = distribution
        settings, objective = config.training, data.objective
        self._baselines = objective.baselines(data.unmapped_validation)
        self._untrained = model.evaluate(data.validation, return_dict=True, verbose=0)["error"]
        warmup_epochs = -(-objective.warmup_steps(data.steps) // max(1, data.steps_per_epoch))
        self._first = max(0, min(warmup_epochs, settings.epochs - 1))
        checkpoints = Checkpoints(stage.folder / CHECKPOINTS, keep=config.checkpoints, writes=distribution.is_chief)
        distribution.require_agreement(
            [path.name for path in checkpoints.found()], what=f"checkpoints in {stage.folder}"
        )
        self.fit_options: dict[str, Any] = {
            "stopping": BestWeights("val_error", patience=settings.patience, first=self._first),
            "checkpoints": checkpoints,
            "every_s": 60 * config.checkpoint_minutes,
            "callbacks": self._callbacks() if distribution.is_chief else [],
            "verbose": verbosity() if distribution.is_chief else 0,
        }
        self._preparing_s = time.perf_counter() - data.started

    def save(self, fitted: Fitted) -> Path:
        """Write the network, its SavedModel, an example and the metrics. Of several workers only the chief writes.

        Args:
            fitted: Result of `fit_resumably`.

        Returns:
            Path of the finished run folder.

        Raises:
            InputError: If no epoch had a finite validation error.
        """
        stage, data = self._stage, self._data
        if not self._distribution.is_chief:
            worker = f"worker {self._distribution.worker} of {self._distribution.workers}"
            print(f"{worker} has finished; worker 0 writes {stage.out}.")
            return stage.out
        ended = time.perf_counter()
        best = self._best_epoch(fitted.history)
        trained = bool(fitted.history)
        spec = NetworkSpec(
            kind=data.objective.kind,
            features=data.features,
            model=self._config.model,
            horizons=data.objective.horizons,
            **data.objective.spec,
            seen_speakers=data.split.seen_speakers,  # an untrained network contains their mel statistics
            labelled_speakers=data.labelled_speakers if trained else (),
            trim_below_db=data.trim_below_db,
        )
        written = save_network(self._model, spec, stage.folder / NETWORK)
        if data.objective.gives_frames:
            np.savez(stage.folder / EXAMPLES, **self._example())
        metrics = self._metrics(fitted, best)
        metrics["seconds"] = self._preparing_s + fitted.seconds + time.perf_counter() - ended
        extra = {"seen_speakers": spec.seen_speakers, "labelled_speakers": spec.labelled_speakers}
        extra["corpora"] = corpora_of(records for records, _ in data.split.train)
        out = stage.commit(metrics=metrics, content=written, **extra)
        shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
        print(
            f"skill {metrics['skill']:+.4f} on held-out speakers after {metrics['epochs']} epochs,"
            f" {metrics['seconds']:.0f} s -> {out}"
        )
        return out

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        useful, padding = self._data.frames_per_epoch()
        logs = self._stage.folder / "logs"
        return [
            SkillPrinter(self._baselines, self._data.objective.baseline_name),
            PretrainingTensorBoard(
                logs,
                frames=useful,
                batches=self._data.steps_per_epoch,
                padding=padding,
                example=self._spectrograms if self._data.objective.gives_frames else None,
            ),
            keras.callbacks.TensorBoard(logs, write_graph=False),
            TimeRemaining(),
        ]

    def _example(self) -> dict[str, np.ndarray]:
        return example_prediction(self._model, self._data.split.validation, horizons=self._data.objective.horizons)

    def _spectrograms(self) -> tuple[np.ndarray, np.ndarray]:
        found = self._example()
        return found["true"], found["predicted"]

    def _best_epoch(self, history: dict[str, list[float]]) -> int | None:
        """Return the index of the epoch whose weights are kept; None without training."""
        if not history:
            return None
        errors = history["val_error"][self._first :]
        if not np.isfinite(errors).any():
            raise InputError(
                f"training diverged at learning rate {self._config.training.learning_rate:g}: expected a finite"
                f" validation error in at least one epoch, received none. Remove {self._stage.folder}, and lower"
                " --learning-rate or add --clip-norm."
            )
        return self._first + int(np.nanargmin(errors))

    def _metrics(self, fitted: Fitted, best: int | None) -> dict[str, Any]:
        """Return the values of `metrics.json`, without the duration."""
        history, baseline = fitted.history, self._baselines["error"]
        error = self._untrained if best is None else history["val_error"][best]
        by_horizon = {}
        if best is not None and len(self._baselines) > 1:
            by_horizon = {
                n: 1.0 - (history[f"val_error_{n}"][best] / self._baselines[f"error_{n}"])
                for n in self._data.objective.horizons
            }
        epochs, frames = len(history.get("loss", ())), self._data.frames
        return {
            "skill": 1.0 - error / baseline,
            "error": error,
            "copy_error": baseline,
            "baseline_name": self._data.objective.baseline_name,
            "untrained_skill": 1.0 - self._untrained / baseline,
            "skill_by_horizon": by_horizon,
            "epochs": epochs,
            "parameters": self._model.count_params(),
            "frames": frames,
            "replicas": self._distribution.replicas,
            "seconds": 0.0,
            "frames_per_s": frames * epochs / fitted.seconds if history else None,
            "validation_speakers": self._data.split.validation_speakers,
            "history": history,
        }
