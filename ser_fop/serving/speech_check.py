"""Refusal of utterances without speech in the outputs of a served model."""

import io
from collections.abc import Mapping

import numpy as np
import soundfile

from ser_fop.corpora.audio import is_silent
from ser_fop.inference.inference_model import EMOTION, REASON, SCORES
from ser_fop.inference.signal_checks import NO_SPEECH
from ser_fop.inference.speech_detector import SpeechDetector


def without_speech(arrays: Mapping[str, np.ndarray], *, sample_rate_hz: int) -> np.ndarray:
    """Return which utterances of a request contain no speech.

    Args:
        arrays: Inputs of the signature: `waveform` and `length`, or `wav`. Log-mels are not judged.
        sample_rate_hz: Sample rate of waveforms.

    Returns:
        Booleans of shape (batch,).
    """
    if "wav" in arrays:
        return np.array([_lacks_speech(*_decoded(file)) for file in arrays["wav"]])
    if "waveform" in arrays:
        rows = zip(arrays["waveform"], arrays["length"], strict=True)
        return np.array([_lacks_speech(samples[:length], sample_rate_hz) for samples, length in rows])
    return np.zeros(len(next(iter(arrays.values()))), bool)


def refuse(outputs: Mapping[str, np.ndarray], refused: np.ndarray) -> dict[str, np.ndarray]:
    """Remove the answers of refused utterances from the outputs of a model.

    Args:
        outputs: Outputs by name, each (batch, ..).
        refused: Booleans of shape (batch,).

    Returns:
        The outputs: refused utterances that had an emotion have none, scores of 0, and the reason `no speech`.
    """
    if EMOTION not in outputs:
        return dict(outputs)
    rows = refused & (outputs[EMOTION] != b"")
    changed = {**outputs, SCORES: np.where(rows[:, np.newaxis], np.float32(0), outputs[SCORES])}
    changed[EMOTION] = np.where(rows, b"", outputs[EMOTION])
    if REASON in outputs:
        changed[REASON] = np.where(rows, NO_SPEECH.encode(), outputs[REASON])
    return changed


def _decoded(file: bytes) -> tuple[np.ndarray, int]:
    """Return samples (samples,) and sample rate of a WAV file; no samples if only the model can decode it."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(file), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return np.zeros(0, np.float32), 1
    return samples.mean(axis=1), rate_hz


def _lacks_speech(samples: np.ndarray, sample_rate_hz: int) -> bool:
    if not len(samples) or not np.isfinite(samples).all() or is_silent(samples):  # the model itself refuses these
        return False
    return not SpeechDetector(samples, sample_rate_hz).has_speech()
