"""Voice activity of a stream."""

import numpy as np
import soxr

from ser_fop.inference.voice_activity import CHUNK_SAMPLES, RATE_HZ, VoiceActivity

_CHUNK_S = CHUNK_SAMPLES / RATE_HZ
_PROBABILITY = 0.5
# A tenth of a second of speech, as for whole recordings.
_LEAST_CHUNKS = 3
# The detector was trained on speech of ordinary level. The level of a stream is that of its loudest chunk so far, which
# fades by 1 dB per second.
_LOUD_RMS, _LEAST_RMS, _FADE = 0.1, 1e-9, 10 ** (-_CHUNK_S / 20)


class StreamSpeechDetector:
    """Tells whether a stream has contained speech since its last pause.

    Args:
        sample_rate_hz: Sample rate of the stream.
        pause_s: Time without speech that ends a stretch of speech, in seconds; 0 looks for no pause, and stops looking
            once speech was heard.

    Attributes:
        has_spoken: Whether a tenth of a second of speech was heard since the start or the last pause.
    """

    def __init__(self, sample_rate_hz: int, *, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self._rate_hz = sample_rate_hz
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        rate_hz = self._rate_hz
        self._resampler = None if rate_hz == RATE_HZ else soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")
        self._activity = VoiceActivity()
        self._rest = np.zeros(0, np.float32)
        self._level = _LEAST_RMS
        self._spoken = self._quiet = 0
        self.has_spoken = False

    def push(self, samples: np.ndarray) -> bool:
        """Hear samples, and return whether a pause has ended a stretch of speech.

        Args:
            samples: Shape (samples,), values from -1 to 1.
        """
        if self.has_spoken and not self._pause_s:
            return False
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        return self._hear_all(samples)

    def flush(self) -> None:
        """Hear what the resampler still holds at the end of a stream."""
        if self._resampler is not None:
            self._hear_all(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def _hear_all(self, samples: np.ndarray) -> bool:
        samples = np.concatenate([self._rest, samples])
        count = len(samples) // CHUNK_SAMPLES
        chunks, self._rest = np.split(samples, [count * CHUNK_SAMPLES])
        if not count:
            return False
        probabilities = self._activity.probabilities(self._at_ordinary_level(chunks.reshape(count, -1)))
        speech = (probabilities > _PROBABILITY).tolist()
        return any([self._hear(speaks) for speaks in speech])  # a list: all are heard

    def _at_ordinary_level(self, chunks: np.ndarray) -> np.ndarray:
        levels = []
        for power in np.square(chunks).mean(axis=1):
            self._level = max(self._level * _FADE, float(np.sqrt(power)), _LEAST_RMS)
            levels.append([self._level])
        return np.clip(_LOUD_RMS / np.array(levels) * chunks, -1, 1).astype(np.float32)

    def _hear(self, speaks: bool) -> bool:
        """Count a chunk, and return whether it ends a stretch of speech."""
        self._spoken += speaks
        self._quiet = 0 if speaks else self._quiet + 1
        self.has_spoken |= self._spoken >= _LEAST_CHUNKS
        if not (self.has_spoken and self._pause_s and self._quiet * _CHUNK_S >= self._pause_s):
            return False
        self._spoken = 0
        self.has_spoken = False
        return True
