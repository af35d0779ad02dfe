"""An inference model that runs in LiteRT, without TensorFlow."""

from pathlib import Path

import numpy as np

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.inference.litert_runner import open_runner
from ser_fop.inference.outputs import NUMBERS
from ser_fop.inference.twin_model import TwinModel
from ser_fop.models.network_spec import NetworkSpec


class LiteRtInferenceModel(TwinModel):
    """Inference model of a LiteRT twin, with the outputs of `InferenceModel`.

    Args:
        path: The twin, from `ser-fop export --litert-twins`.
        spec: Config of the network.

    Raises:
        InputError: If LiteRT is not installed, or the file is damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        super().__init__(spec)
        self._run = open_runner(path)
        # LiteRT has no shapes without frames: the input has one step at least.
        hop, frames = hop_length(spec.features), spec.model.stacked_frames
        self._fewest = window_length(spec.features) + frames * hop

    def numbers_of_waveform(
        self, waveform: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return `scores`, `answer`, `refusal` and `doubts` of `InferenceModel.numbers_of_waveform`."""
        found = []
        for samples, count in zip(waveform, length, strict=True):
            padded = np.zeros([1, max(count, self._fewest)], np.float32)
            padded[0, :count] = samples[:count]
            found.append(self._run(waveform=padded, length=np.array([count], np.int32)))
        return tuple(np.concatenate([one[name] for one in found]) for name in NUMBERS)
