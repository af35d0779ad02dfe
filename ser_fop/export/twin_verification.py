"""Comparison of twins, which need no TensorFlow, with the model that they were written from."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.outputs import REASON, SCORES
from ser_fop.inference.twin_model import TwinModel
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from ser_fop.streaming.twin_step import TwinStep

_TOLERANCE = 1e-4


def verify_twin(recogniser: InferenceModel, twin: TwinModel, path: Path, sounds: Mapping[str, np.ndarray]) -> float:
    """Compare a twin with the model on sounds, and return the largest difference of a probability.

    Args:
        recogniser: The inference model.
        twin: Its twin.
        path: File of the twin, for the message.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).

    Raises:
        InputError: If a probability differs by more than 1e-4, or an answer or its reason differs.
    """
    expected = {name: value.numpy() for name, value in recogniser.from_waveform(**sounds).items()}
    found = twin.from_waveform(sounds["waveform"], sounds["length"])
    difference = _within_tolerance(float(np.abs(found[SCORES] - expected[SCORES]).max()), path)
    for name in (recogniser.spec.target, REASON):
        if found[name].tolist() != expected[name].tolist():
            raise InputError(
                f"the twin {path} expected {name} {expected[name].tolist()} of the model, received"
                f" {found[name].tolist()}."
            )
    return difference


def verify_stream_twin(step: StreamStep, twin: TwinStep, path: Path, sounds: Mapping[str, np.ndarray]) -> float:
    """Compare a twin with the step over whole sounds, and return the largest difference of a probability.

    Args:
        step: The step.
        twin: Its twin.
        path: File of the twin, for the message.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).

    Raises:
        InputError: If a probability differs by more than 1e-4.
    """
    differences = [0.0]
    for samples, length in zip(sounds["waveform"], sounds["length"], strict=True):
        expected, found = (StreamingEncoder(one).push(samples[:length]) for one in (step, twin))
        differences += [float(np.abs(found[name] - expected[name]).max()) for name in expected]
    return _within_tolerance(max(differences), path)


def _within_tolerance(difference: float, path: Path) -> float:
    if not difference <= _TOLERANCE:
        raise InputError(
            f"the twin {path} expected the probabilities of the model within {_TOLERANCE:g}, received a difference of"
            f" {difference:.2g}."
        )
    return difference
