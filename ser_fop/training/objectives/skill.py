"""Skill: 1 - error / baseline error. For frame prediction the baseline copies the last frame."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.data.datasets import utterance_batches
from ser_fop.data.records import Records
from ser_fop.metrics import FrameError

# File in a run folder: a held-out utterance and its prediction, for the report.
EXAMPLES = "examples.npz"
_EXAMPLE_FRAMES = 1000


def error_kind(loss: str) -> str:
    """Return the error measure of a loss; the Gaussian likelihood is measured by the squared error of its means."""
    return "mse" if loss == "gaussian" else loss


def frame_metrics(kind: str, std: Any, horizons: Sequence[int]) -> list[FrameError]:
    """Return the metric `error`; with several horizons, also one metric for each, such as `error_5`."""
    metrics = [FrameError(kind, std)]
    if len(horizons) > 1:
        metrics += [FrameError(kind, std, index, f"error_{n}") for index, n in enumerate(horizons)]
    return metrics


def copy_errors(
    batches: tf.data.Dataset, *, kind: str, std: Sequence[float], horizons: Sequence[int], stacked_frames: int = 1
) -> dict[str, float]:
    """Return the errors of copying the last frame that the network has seen.

    Args:
        batches: Batches of `unlabelled_batches`.
        kind: `l1`, `mse` or `huber`.
        std: Standard deviation of each band, (mels,).
        horizons: Distances of the predicted frames, in frames.
        stacked_frames: Frames per step. The network sees a whole step at once, so the last frame of the step is copied.

    Returns:
        Mean errors over all valid frames, by the names of `frame_metrics`.
    """
    metrics = frame_metrics(kind, std, horizons)
    for inputs, target, weight in batches.as_numpy_iterator():
        seen = (np.arange(target.shape[1]) // stacked_frames + 1) * stacked_frames - 1
        last = np.minimum(seen, np.maximum(inputs["mask"].sum(axis=1, keepdims=True), 1) - 1)
        copied = np.tile(np.take_along_axis(inputs["mel"], last[..., np.newaxis], axis=1), len(horizons))
        for metric in metrics:
            metric.update_state(target, copied, sample_weight=weight)
    return {metric.name: float(metric.result()) for metric in metrics}


class SkillPrinter(keras.callbacks.Callback):
    """Add `val_skill` = 1 - error / baseline error to each epoch's logs, also for each horizon, and print it.

    Place it before the callbacks that read the logs.

    Args:
        baselines: Errors of the baseline on the validation batches, such as those of `copy_errors`.
        baseline_name: Description of the baseline, for the printed line.
    """

    def __init__(self, baselines: Mapping[str, float], baseline_name: str = "copying the last frame") -> None:
        super().__init__()
        self.baseline_name = baseline_name
        self.baselines = baselines

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the skill of the epoch to the logs, and print it."""
        if logs is None or "val_error" not in logs:
            return
        found = {}
        for name, baseline in self.baselines.items():
            skill = found[name.removeprefix("error")] = 1.0 - float(np.asarray(logs[f"val_{name}"])) / baseline
            logs["val_" + name.replace("error", "skill")] = skill
        each = ", ".join(f"{name[1:]} ahead {skill:+.4f}" for name, skill in found.items() if name)
        print(f" - skill against {self.baseline_name}: {found['']:+.4f}" + (f" ({each})" if each else ""), flush=True)


def example_prediction(
    network: keras.Model, parts: Sequence[tuple[Records, Collection[str]]], *, horizons: Sequence[int]
) -> dict[str, np.ndarray]:
    """Predict one held-out utterance: the first by id that is longer than the shortest horizon.

    Args:
        network: The trained predictor.
        parts: Pairs of validation records and utterance ids.
        horizons: Distances of the predicted frames, in frames.

    Returns:
        Dict of `true` and `predicted`, the log-mels (frames, mels) at the shortest horizon; `id`, the utterance's id;
        and `ahead`, the horizon. The log-mels start at the first predicted frame and come from at most 1000 frames.
    """
    nearest = min(horizons)
    long = [
        (row.id, records) for records, ids in parts for row in records.rows if row.id in ids and row.frames > nearest
    ]
    chosen, records = min(long, key=lambda item: item[0])
    (batch,) = utterance_batches(records, {chosen}, batch_frames=1).as_numpy_iterator()
    mel, mask = (batch[name][:, :_EXAMPLE_FRAMES] for name in ("mel", "mask"))
    bands, place = mel.shape[-1], list(horizons).index(nearest)
    predicted = np.asarray(network.predict_on_batch({"mel": mel, "mask": mask}), np.float32)[0]
    real = int(mask[0].sum())
    found = predicted[: real - nearest, place * bands : (place + 1) * bands]
    return {"true": mel[0, nearest:real], "predicted": found, "id": np.array(chosen), "ahead": np.array(nearest)}
