"""Voice activity detection: whether a recording contains speech at all."""

import numpy as np
import soxr

from ser_fop.inference.voice_activity import CHUNK_SAMPLES, RATE_HZ, VoiceActivity

# Blocks of about a second are judged apart, so that windows can share them.
_BLOCK_CHUNKS = 31
# Chunks before a block that the detector hears first, so that its state fits the block.
_CONTEXT = 8
# Chunks that the detector hears in one call: speech is mostly found in the first ones of a block.
_PART = 13
# A tenth of a second of speech.
_LEAST_CHUNKS = 3
_PROBABILITY = 0.5
# Level of the loud chunks: the detector was trained on speech of ordinary level.
_LOUD_QUANTILE, _LOUD_RMS, _LEAST_RMS = 0.95, 0.1, 1e-9


class SpeechDetector:
    """Tells which parts of a recording contain speech, whatever its level.

    A part contains speech if the detector finds a tenth of a second of it. Blocks are judged when they are asked for.
    In speech, this is soon found, and the rest of the block is not looked at.

    Args:
        samples: The recording, of shape (samples,).
        sample_rate_hz: Its sample rate.

    Example:
        >>> import numpy as np
        >>> SpeechDetector(np.random.default_rng(0).normal(size=16000), 16000).has_speech()
        False
    """

    def __init__(self, samples: np.ndarray, sample_rate_hz: int) -> None:
        if sample_rate_hz != RATE_HZ:
            samples = soxr.resample(samples, sample_rate_hz, RATE_HZ)
        self._samples = samples
        self._gain = _LOUD_RMS / max(_loud_rms(samples), _LEAST_RMS)
        self._activity = VoiceActivity()
        self._spoken: dict[int, int] = {}

    def has_speech(self, start_s: float = 0.0, end_s: float | None = None) -> bool:
        """Return whether a stretch contains speech, rounded outwards to whole blocks.

        Args:
            start_s: Start of the stretch, in seconds.
            end_s: Its end, in seconds; None is the end of the recording.
        """
        block = _BLOCK_CHUNKS * CHUNK_SAMPLES
        first = int(start_s * RATE_HZ) // block
        last = len(self._samples) if end_s is None else round(end_s * RATE_HZ)
        found = 0
        for number in range(first, -(-last // block)):
            found += self._spoken_chunks(number)
            if found >= _LEAST_CHUNKS:
                return True
        return False

    def _spoken_chunks(self, block: int) -> int:
        """Return the number of chunks with speech in a block. Counting stops once a part has given enough."""
        if block not in self._spoken:
            self._activity.reset()
            begin, count = block * _BLOCK_CHUNKS, 0
            for first in range(max(0, begin - _CONTEXT), begin + _BLOCK_CHUNKS, _PART):
                last = min(first + _PART, begin + _BLOCK_CHUNKS)
                speaks = self._activity.probabilities(self._chunks(first, last)) > _PROBABILITY
                count += int(speaks[max(0, begin - first) :].sum())
                if count >= _LEAST_CHUNKS:
                    break
            self._spoken[block] = count
        return self._spoken[block]

    def _chunks(self, first: int, last: int) -> np.ndarray:
        """Return some chunks at the level of ordinary speech, padded with zeros, (chunks, samples)."""
        samples = self._samples[first * CHUNK_SAMPLES : last * CHUNK_SAMPLES]
        padded = np.pad(samples, (0, (last - first) * CHUNK_SAMPLES - len(samples)))
        return np.clip(self._gain * padded, -1, 1).astype(np.float32).reshape(-1, CHUNK_SAMPLES)


def _loud_rms(samples: np.ndarray) -> float:
    """Return the root mean square of the loud chunks of a recording."""
    if not len(samples):
        return 0.0
    whole = len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES
    chunks = (samples[:whole] if whole else samples).reshape(-1, CHUNK_SAMPLES if whole else len(samples))
    return float(np.quantile(np.sqrt(np.einsum("ij,ij->i", chunks, chunks) / chunks.shape[1]), _LOUD_QUANTILE))
