"""Refusal of utterances without speech in the outputs of a served model."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from ser_fop.corpora.audio import is_silent
from ser_fop.inference.outputs import NO_SPEECH, REASON, SCORES
from ser_fop.inference.speech_detector import SpeechDetector
from ser_fop.inference.wav_decoding import decode_wav

# The detector is slower than the model: it looks at so much of a request, and does not judge the rest.
_MOST_JUDGED_S = 120.0


def without_speech(arrays: Mapping[str, np.ndarray], *, sample_rate_hz: int) -> np.ndarray:
    """Return which utterances of a request contain no speech.

    Args:
        arrays: Inputs of the signature: `waveform` and `length`, or `wav`. Log-mels are not judged.
        sample_rate_hz: Sample rate of waveforms.

    Returns:
        Booleans of shape (batch,). Utterances after the first two minutes of a request are not judged.
    """
    found = np.zeros(len(next(iter(arrays.values()))), bool)
    left = round(_MOST_JUDGED_S * sample_rate_hz)
    for row in range(len(found)):
        samples = _samples_of(arrays, row, sample_rate_hz)
        left -= len(samples)
        if left < 0:
            break
        found[row] = _lacks_speech(samples, sample_rate_hz)
    return found


def refuse(outputs: Mapping[str, np.ndarray], refused: np.ndarray, *, target: str) -> dict[str, np.ndarray]:
    """Remove the answers of refused utterances from the outputs of a model.

    Args:
        outputs: Outputs by name, each (batch, ..).
        refused: Booleans of shape (batch,).
        target: Name of the answer, such as `emotion`.

    Returns:
        The outputs: refused utterances that had an answer have none, scores of 0, and the reason `no speech`.
    """
    if target not in outputs:
        return dict(outputs)
    rows = refused & (outputs[target] != b"")
    changed = {**outputs, SCORES: np.where(rows[:, np.newaxis], np.float32(0), outputs[SCORES])}
    changed[target] = np.where(rows, b"", outputs[target])
    if REASON in outputs:
        changed[REASON] = np.where(rows, NO_SPEECH.encode(), outputs[REASON])
    return changed


def _samples_of(arrays: Mapping[str, np.ndarray], row: int, sample_rate_hz: int) -> np.ndarray:
    """Return the samples (samples,) of one utterance as the model reads them; none for log-mels."""
    if "waveform" in arrays:
        return arrays["waveform"][row, : arrays["length"][row]]
    if "wav" in arrays:
        try:
            return decode_wav(tf.constant(arrays["wav"][row]), sample_rate_hz=sample_rate_hz).numpy()
        except tf.errors.OpError:  # the model refuses this file
            pass
    return np.zeros(0, np.float32)


def _lacks_speech(samples: np.ndarray, sample_rate_hz: int) -> bool:
    if not len(samples) or not np.isfinite(samples).all() or is_silent(samples):  # the model itself refuses these
        return False
    return not SpeechDetector(samples, sample_rate_hz).has_speech()
