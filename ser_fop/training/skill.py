"""Skill: how much better than copying the last frame a prediction is."""

from collections.abc import Collection, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.datasets import utterance_batches
from ser_fop.metrics import FrameError
from ser_fop.records import Records

# In a run folder: one held-out utterance and what was predicted of it, for the report.
EXAMPLES = "examples.npz"
_EXAMPLE_FRAMES = 1000


def copy_error(batches: tf.data.Dataset, *, kind: str, deviation: Sequence[float], stacked_frames: int = 1) -> float:
    """Return the error of predicting that the last frame that the network has seen stays as it is.

    Args:
        batches: What `unlabelled_batches` gives.
        kind: `l1`, `mse` or `huber`.
        deviation: Standard deviation of each band, (mels,).
        stacked_frames: Frames in a step: what is predicted from its first frame has seen its last one.

    Returns:
        Mean over all valid frames.
    """
    metric = FrameError(kind, deviation)
    for inputs, target, weight in batches.as_numpy_iterator():
        seen = (np.arange(target.shape[1]) // stacked_frames + 1) * stacked_frames - 1
        last = np.minimum(seen, np.maximum(inputs["mask"].sum(axis=1, keepdims=True), 1) - 1)
        copied = np.take_along_axis(inputs["mel"], last[..., np.newaxis], axis=1)
        metric.update_state(target, copied, sample_weight=weight)
    return float(metric.result())


class SkillPrinter(keras.callbacks.Callback):
    """Adds `val_skill` = 1 - error / error of copying the last frame to each epoch's logs.

    Place it before the callbacks that read the logs.

    Args:
        baseline: What `copy_error` gives on the validation batches.
    """

    def __init__(self, baseline: float) -> None:
        super().__init__()
        self.baseline = baseline

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the skill of the epoch just ended, and print it."""
        if logs is not None and "val_error" in logs:
            logs["val_skill"] = 1.0 - float(np.asarray(logs["val_error"])) / self.baseline
            print(f" - skill against copying the last frame: {logs['val_skill']:+.4f}", flush=True)


def example_prediction(
    network: keras.Model, parts: Sequence[tuple[Records, Collection[str]]], *, ahead: int
) -> dict[str, np.ndarray]:
    """Predict one held-out utterance: the first by id that is long enough.

    Args:
        network: The trained predictor.
        parts: Validation records, each with its ids.
        ahead: Distance of the predicted frame, in frames.

    Returns:
        `true` and `predicted` log-mels of the frames from `ahead` on, (frames, mels), at most ten seconds at a hop of
        10 ms; the utterance's `id`; and `ahead`.
    """
    long = [(row.id, records) for records, ids in parts for row in records.rows if row.id in ids and row.frames > ahead]
    chosen, records = min(long, key=lambda item: item[0])
    (batch,) = utterance_batches(records, {chosen}, batch_frames=1).as_numpy_iterator()
    mel, mask = (batch[name][:, :_EXAMPLE_FRAMES] for name in ("mel", "mask"))
    predicted = np.asarray(network.predict_on_batch({"mel": mel, "mask": mask}))[0]
    real = int(mask[0].sum())
    true, found = mel[0, ahead:real], predicted[: real - ahead]
    return {"true": true, "predicted": found, "id": np.array(chosen), "ahead": np.array(ahead)}
