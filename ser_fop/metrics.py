"""Metrics that average over the frames of an epoch, not over its batches."""

from typing import Any

import keras
from keras import ops

from ser_fop.losses import frame_errors


@keras.saving.register_keras_serializable("ser_fop")
class FrameError(keras.metrics.Mean):
    """Mean error over all valid frames of an epoch, in units of each band's standard deviation.

    Keras averages an epoch's loss over utterances, so that long and short utterances have the
    same weight. This metric weights them by their frames. Pass it to `compile` in
    `weighted_metrics`.

    Args:
        kind: `l1`, `mse` or `huber`.
        std: Standard deviation of each band, (mels,), or a variable of a network.
        horizon: Index of one horizon; None averages over all horizons.
        name: Name of the metric in the logs.
    """

    def __init__(self, kind: str, std: Any, horizon: int | None = None, name: str = "error") -> None:
        super().__init__(name=name)
        self.kind = kind
        # Not an attribute: Keras would reset a variable of the network with the metric's own variables.
        self._read_std = lambda: std
        self.horizon = horizon

    @property
    def std(self) -> list[float]:
        """Standard deviation of each band."""
        return [float(value) for value in ops.convert_to_numpy(self._read_std())]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: log-mels (batch, frames, horizons mels) and weights (batch, frames)."""
        if self.horizon is not None:
            bands = ops.convert_to_tensor(self._read_std()).shape[0]
            chosen = slice(self.horizon * bands, (self.horizon + 1) * bands)
            y_true, y_pred = y_true[..., chosen], y_pred[..., chosen]
        errors = frame_errors(y_true, y_pred, kind=self.kind, std=self._read_std())
        # Flat, because Keras would first average each utterance, with its padding.
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1,))
        super().update_state(ops.reshape(errors, (-1,)), sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "std": self.std, "horizon": self.horizon, "name": self.name}


@keras.saving.register_keras_serializable("ser_fop")
class ContrastiveError(keras.metrics.Mean):
    """Mean over all valid frames of an epoch of the loss that `ContrastivePredictor` outputs.

    Args:
        name: Name of the metric in the logs.
    """

    def __init__(self, name: str = "error") -> None:
        super().__init__(name=name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: losses (batch, frames, 1) and weights (batch, frames)."""
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1,))
        super().update_state(ops.reshape(y_pred[..., 0], (-1,)), sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}
