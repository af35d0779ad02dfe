"""One step of streams in LiteRT, without TensorFlow."""

from pathlib import Path

import numpy as np

from ser_fop.inference.litert_runner import open_runner
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.streaming.twin_step import State, TwinStep


class LiteRtStep(TwinStep):
    """The step of a LiteRT twin, with the interface of `StreamStep`. Its shape is fixed: it takes streams one by one.

    Args:
        path: The twin. `PATH.json` describes its first states.
        spec: Config of the network.

    Raises:
        InputError: If LiteRT is not installed, or the file is damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        super().__init__(path, spec)
        self._runner = open_runner(path, threads=1)

    def _run(self, inputs: State) -> State:
        streams = range(len(inputs["samples"]))
        found = [self._runner(**{name: value[n : n + 1] for name, value in inputs.items()}) for n in streams]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}
