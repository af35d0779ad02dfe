"""Metrics that weight an epoch by frames, not by batches."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ser_fop.losses import frame_errors


@keras.saving.register_keras_serializable("ser_fop")
class FrameError(keras.metrics.Mean):
    """Mean error over all valid frames of an epoch, in units of each band's deviation.

    Keras' own epoch loss weights every batch by its number of utterances; batches of
    long and short utterances then count alike. Compile it under `weighted_metrics`.

    Args:
        kind: `l1`, `mse` or `huber`.
        std: Standard deviation of each band, (mels,).
        horizon: Which of several horizons counts, from 0; None takes their mean.
        name: Name in the logs.
    """

    def __init__(self, kind: str, std: Sequence[float], horizon: int | None = None, name: str = "error") -> None:
        super().__init__(name=name)
        self.kind = kind
        self.std = [float(value) for value in std]
        self.horizon = horizon

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: frames (batch, frames, horizons mels), weights (batch, frames)."""
        if self.horizon is not None:
            bands = len(self.std)
            chosen = slice(self.horizon * bands, (self.horizon + 1) * bands)
            y_true, y_pred = y_true[..., chosen], y_pred[..., chosen]
        errors = frame_errors(y_true, y_pred, kind=self.kind, std=self.std)
        # One value a frame: of anything wider, Keras' mean would first average each utterance, padding included.
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1,))
        super().update_state(ops.reshape(errors, (-1,)), sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "std": self.std, "horizon": self.horizon, "name": self.name}


@keras.saving.register_keras_serializable("ser_fop")
class ContrastiveError(keras.metrics.Mean):
    """Mean of what `ContrastivePredictor` gives, over all valid frames of an epoch.

    Args:
        name: Name in the logs.
    """

    def __init__(self, name: str = "error") -> None:
        super().__init__(name=name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: frames (batch, frames, 1), weights (batch, frames)."""
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1,))
        super().update_state(ops.reshape(y_pred[..., 0], (-1,)), sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}
