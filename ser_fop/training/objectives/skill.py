"""Skill: how much better than copying the last frame a prediction is."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.data.datasets import utterance_batches
from ser_fop.data.records import Records
from ser_fop.metrics import FrameError

# In a run folder: one held-out utterance and what was predicted of it, for the report.
EXAMPLES = "examples.npz"
_EXAMPLE_FRAMES = 1000


def error_kind(loss: str) -> str:
    """Return in what a network of this loss is judged: a likelihood by the squared error of its means."""
    return "mse" if loss == "gaussian" else loss


def frame_metrics(kind: str, std: Sequence[float], horizons: Sequence[int]) -> list[FrameError]:
    """Return the metric `error`, and, where there are several horizons, one more for each, as `error_5`."""
    metrics = [FrameError(kind, std)]
    if len(horizons) > 1:
        metrics += [FrameError(kind, std, index, f"error_{n}") for index, n in enumerate(horizons)]
    return metrics


def copy_errors(
    batches: tf.data.Dataset, *, kind: str, std: Sequence[float], horizons: Sequence[int], stacked_frames: int = 1
) -> dict[str, float]:
    """Return the errors of predicting that the last frame that the network has seen stays as it is.

    Args:
        batches: What `unlabelled_batches` gives.
        kind: `l1`, `mse` or `huber`.
        std: Standard deviation of each band, (mels,).
        horizons: Distances of the predicted frames.
        stacked_frames: Frames in a step: what is predicted from its first frame has seen its last one.

    Returns:
        Mean over all valid frames, by the names of `frame_metrics`.
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
    """Adds `val_skill` = 1 - error / error without skill to each epoch's logs, and that of each horizon.

    Place it before the callbacks that read the logs.

    Args:
        baselines: The errors without skill on the validation batches, such as `copy_errors` gives.
        baseline_name: What has none.
    """

    def __init__(self, baselines: Mapping[str, float], baseline_name: str = "copying the last frame") -> None:
        super().__init__()
        self.baseline_name = baseline_name
        self.baselines = baselines

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the skill of the epoch just ended, and print it."""
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
    """Predict one held-out utterance: the first by id that is long enough.

    Args:
        network: The trained predictor.
        parts: Validation records, each with its ids.
        horizons: Distances of the predicted frames.

    Returns:
        `true` and `predicted` log-mels, (frames, mels), at most ten seconds at a hop of 10 ms, of the nearest horizon
        and from its first predicted frame on; the utterance's `id`; and the horizon, `ahead`.
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
