"""Waveform reader: checked samples of recordings, read ahead by threads."""

import dataclasses
import functools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ser_fop.config.frame_sizes import window_length
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import NO_SPEECH, SILENT, AudioError, is_silent, read_audio, take_audio
from ser_fop.corpora.targets import EMOTION
from ser_fop.inference.recording import Recognition, Recording
from ser_fop.inference.speech_detector import SpeechDetector

# The cost of attention grows with the square of the length.
LONGEST_S = 60.0
SHORTEST_S = 0.1


class WaveformReader:
    """Reader that resamples recordings to the network's sample rate and checks their length, their level and whether they contain speech.

    Args:
        features: Settings of the network's front end.
        detect_speech: Whether recordings and windows without speech have a problem.
        target: What the network's classes tell, for its answers.
    """

    def __init__(self, features: FeatureConfig, *, detect_speech: bool = False, target: str = EMOTION) -> None:
        self._answer = functools.partial(Recognition, target=target)
        self._features = features
        self._detect_speech = detect_speech
        self._sample_rate_hz = features.sample_rate_hz

    def stretches(
        self, recordings: Iterable[Recording], *, window_s: float, hop_s: float
    ) -> Iterator[tuple[Recognition, np.ndarray | None]]:
        """Read recordings and split them into windows.

        Args:
            recordings: The recordings.
            window_s: Length of the window, in seconds. With 0, each recording is one segment.
            hop_s: Distance between the starts of two windows, in seconds.

        Yields:
            A prediction without a label, and its samples. The samples are None where the prediction has a problem.
        """
        rate_hz = self._sample_rate_hz
        for recording, read in self._read_ahead(recordings, whole=not window_s):
            start_s, name = recording.start_s, recording.name
            try:
                samples, speech = read.result()
                if not window_s:
                    samples = self.checked(samples, speech)
            except AudioError as error:
                end_s = recording.end_s or start_s
                yield self._answer(name=name, start_s=start_s, end_s=end_s, problem=str(error)), None
                continue
            if not window_s:
                yield self._answer(name=name, start_s=start_s, end_s=start_s + len(samples) / rate_hz), samples
                continue
            size, hop = round(window_s * rate_hz), max(1, round(hop_s * rate_hz))
            for first in range(0, max(1, len(samples) - size + hop), hop):
                part = samples[first : first + size]
                at_s = start_s + first / rate_hz
                answer = self._answer(name=name, start_s=at_s, end_s=at_s + len(part) / rate_hz)
                try:
                    yield answer, self.checked(part, speech, first / rate_hz)
                except AudioError as error:
                    yield dataclasses.replace(answer, problem=str(error)), None

    def _read_ahead(self, recordings: Iterable[Recording], *, whole: bool) -> Iterator[tuple[Recording, Future]]:
        threads = os.cpu_count() or 1
        waiting: deque[tuple[Recording, Future]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for recording in recordings:
                waiting.append((recording, pool.submit(self._read_and_detect, recording, whole)))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()

    def _read_and_detect(self, recording: Recording, whole: bool) -> tuple[np.ndarray, SpeechDetector | None]:
        samples = self.read(recording)
        is_refused = whole and len(samples) > LONGEST_S * self._sample_rate_hz
        if not self._detect_speech or is_refused:
            return samples, None
        detector = SpeechDetector(samples, self._sample_rate_hz)
        if whole:
            detector.has_speech()
        return samples, detector

    def read(self, recording: Recording) -> np.ndarray:
        """Return the samples of a recording, of shape (samples,)."""
        window = {"start_s": recording.start_s, "end_s": recording.end_s}
        if isinstance(recording.source, np.ndarray):
            return take_audio(
                recording.source, rate_hz=recording.sample_rate_hz, sample_rate_hz=self._sample_rate_hz, **window
            )
        if not isinstance(recording.source, Path):
            recording.source.seek(0)
        return read_audio(recording.source, sample_rate_hz=self._sample_rate_hz, **window)

    def checked(self, samples: np.ndarray, speech: SpeechDetector | None = None, start_s: float = 0.0) -> np.ndarray:
        """Return the samples unchanged after a check of their length, their level and, with a detector, for speech.

        Args:
            samples: A recording or a window of it, of shape (samples,).
            speech: Speech detector of the recording.
            start_s: Start of the window in the recording, in seconds.

        Raises:
            AudioError: If the samples are too long, too short, silent or without speech.
        """
        duration_s = len(samples) / self._sample_rate_hz
        if duration_s > LONGEST_S:
            raise AudioError(f"lasts {duration_s:.1f} s, longer than {LONGEST_S:g} s: use a sliding window")
        if duration_s < SHORTEST_S or len(samples) < window_length(self._features):
            raise AudioError(f"lasts {duration_s:.3f} s, shorter than {SHORTEST_S:g} s")
        if is_silent(samples):
            raise AudioError(SILENT)
        if speech and not speech.has_speech(start_s, start_s + duration_s):
            raise AudioError(NO_SPEECH)
        return samples
