"""One step of streams in ONNX Runtime, without TensorFlow."""

from pathlib import Path

from ser_fop.inference.onnx_session import open_session
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.streaming.twin_step import State, TwinStep


class OnnxStep(TwinStep):
    """The step of an ONNX twin, with the interface of `StreamStep`.

    Args:
        path: The twin. `PATH.json` describes its first states.
        spec: Config of the network.

    Raises:
        InputError: If the file is damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        super().__init__(path, spec)
        self._session = open_session(path, threads=1)  # a step is too small for more
        self._names = [output.name for output in self._session.get_outputs()]

    def _run(self, inputs: State) -> State:
        return dict(zip(self._names, self._session.run(self._names, inputs), strict=True))
