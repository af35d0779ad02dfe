"""An inference model that runs in ONNX Runtime, without TensorFlow."""

from pathlib import Path

import numpy as np

from ser_fop.inference.onnx_session import open_session
from ser_fop.inference.outputs import NUMBERS
from ser_fop.inference.twin_model import TwinModel
from ser_fop.models.network_spec import NetworkSpec


class OnnxInferenceModel(TwinModel):
    """Inference model of an ONNX twin, with the outputs of `InferenceModel`.

    Args:
        path: The twin, from `ser-fop export` or a published model.
        spec: Config of the network.

    Raises:
        InputError: If the file is damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        super().__init__(spec)
        self._session = open_session(path)

    def numbers_of_waveform(
        self, waveform: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return `scores`, `answer`, `refusal` and `doubts` of `InferenceModel.numbers_of_waveform`."""
        return tuple(self._session.run(NUMBERS, {"waveform": waveform, "length": length}))
