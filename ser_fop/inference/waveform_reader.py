"""Recordings to samples that a network can be given, read ahead by threads."""

import dataclasses
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import SILENCE_PEAK, SILENT, AudioError, read_audio, take_audio
from ser_fop.data.features import window_length
from ser_fop.inference.recording import Recognition, Recording

# Attention's cost grows with the square of the length.
LONGEST_S = 60.0
SHORTEST_S = 0.1


class WaveformReader:
    """Reads recordings at a network's sample rate, and checks that they can be answered for.

    Args:
        features: The network's front end.
    """

    def __init__(self, features: FeatureConfig) -> None:
        self._features = features
        self._sample_rate_hz = features.sample_rate_hz

    def stretches(
        self, recordings: Iterable[Recording], *, window_s: float, hop_s: float
    ) -> Iterator[tuple[Recognition, np.ndarray | None]]:
        """Give what is to be answered with its samples, or, without samples, what cannot be."""
        rate_hz = self._sample_rate_hz
        for recording, read in self._read_ahead(recordings):
            start_s, name = recording.start_s, recording.name
            try:
                samples = read.result()
                if not window_s:
                    samples = self.checked(samples)
            except AudioError as error:
                yield (
                    Recognition(name=name, start_s=start_s, end_s=recording.end_s or start_s, problem=str(error)),
                    None,
                )
                continue
            if not window_s:
                yield Recognition(name=name, start_s=start_s, end_s=start_s + len(samples) / rate_hz), samples
                continue
            size, hop = round(window_s * rate_hz), max(1, round(hop_s * rate_hz))
            for first in range(0, max(1, len(samples) - size + hop), hop):
                part = samples[first : first + size]
                at_s = start_s + first / rate_hz
                answer = Recognition(name=name, start_s=at_s, end_s=at_s + len(part) / rate_hz)
                try:
                    yield answer, self.checked(part)
                except AudioError as error:
                    yield dataclasses.replace(answer, problem=str(error)), None

    def _read_ahead(self, recordings: Iterable[Recording]) -> Iterator[tuple[Recording, Future]]:
        threads = os.cpu_count() or 1
        waiting: deque[tuple[Recording, Future]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for recording in recordings:
                waiting.append((recording, pool.submit(self.read, recording)))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()

    def read(self, recording: Recording) -> np.ndarray:
        """Return the samples of a recording, (samples,)."""
        window = {"start_s": recording.start_s, "end_s": recording.end_s}
        if isinstance(recording.source, np.ndarray):
            return take_audio(
                recording.source, rate_hz=recording.sample_rate_hz, sample_rate_hz=self._sample_rate_hz, **window
            )
        if not isinstance(recording.source, Path):
            recording.source.seek(0)
        return read_audio(recording.source, sample_rate_hz=self._sample_rate_hz, **window)

    def checked(self, samples: np.ndarray) -> np.ndarray:
        """Return samples that can be answered for."""
        duration_s = len(samples) / self._sample_rate_hz
        if duration_s > LONGEST_S:
            raise AudioError(f"lasts {duration_s:.1f} s, longer than {LONGEST_S:g} s: let a window slide over it")
        if duration_s < SHORTEST_S or len(samples) < window_length(self._features):
            raise AudioError(f"lasts {duration_s:.3f} s, shorter than {SHORTEST_S:g} s")
        if np.abs(samples).max() < SILENCE_PEAK:
            raise AudioError(SILENT)
        return samples
