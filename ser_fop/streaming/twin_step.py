"""What a step of streams without TensorFlow has in common: its sizes and first states, from the file beside the twin."""

import abc
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.errors import InputError
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.streaming.stream_sizes import StreamSizes
from ser_fop.utils.json_io import read_json

State = dict[str, np.ndarray]
# The new states have the names of the old ones, with another prefix: a graph has each name once.
BEFORE, AFTER = "state_", "later_"


class TwinStep(StreamSizes, abc.ABC):
    """The step of a twin, with the interface of `StreamStep`.

    Args:
        path: The twin. `PATH.json` describes its first states.
        spec: Config of the network.

    Raises:
        InputError: If the description is missing or damaged.
    """

    def __init__(self, path: Path, spec: NetworkSpec) -> None:
        described = read_description(path)
        super().__init__(spec, context_s=described["context_s"], most_steps=1)
        self._start = described["start"]

    def initial_state(self, batch: int = 1) -> State:
        """Return the state of streams before their first step, by name.

        Args:
            batch: Number of streams.
        """
        return {
            name: np.full((batch, *first["shape"]), first["value"], first["dtype"])
            for name, first in self._start.items()
        }

    def step(self, samples: np.ndarray, frames: np.ndarray, keep: np.ndarray, state: State) -> tuple[State, State]:
        """Take one step. Arguments and results are those of `StreamStep.advance`."""
        inputs = {"samples": samples, "frames": frames, "keep": keep}
        found = self._run({**inputs, **{BEFORE + name: value for name, value in state.items()}})
        later = {name: found.pop(AFTER + name) for name in state}
        return found, later

    @abc.abstractmethod
    def _run(self, inputs: State) -> State:
        """Return all outputs by name."""


def read_description(path: Path) -> dict[str, Any]:
    """Return context and first states of a twin, from the file beside it.

    Args:
        path: The twin.

    Raises:
        InputError: If the file is missing or damaged.
    """
    described_in = path.with_name(path.name + ".json")
    try:
        described = read_json(described_in)
        return {name: described[name] for name in ("context_s", "start")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the twin {path} expected its description in {described_in.name}, which is missing or damaged"
            f" ({error!r}). Export the model again, or use --runtime tensorflow."
        ) from error
