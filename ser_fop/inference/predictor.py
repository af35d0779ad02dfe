"""The emotion of a recording: `ser_fop.load(RUN).predict("some.wav")`."""

import dataclasses
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.corpora.audio import SILENCE_PEAK, SILENT, AudioError, padded_batch, read_audio, take_audio
from ser_fop.data.features import window_length
from ser_fop.errors import InputError
from ser_fop.hub.networks import resolve_model_path
from ser_fop.inference.exported import ExportedInferenceModel
from ser_fop.inference.inference_model import EMOTION, SCORES, InferenceModel
from ser_fop.inference.recording import Recognition, Recording
from ser_fop.inference.sources import inference_model_of

# Attention's cost grows with the square of the length.
LONGEST_S = 60.0
_SHORTEST_S = 0.1
_BATCH = 16
_BATCH_S = 120.0


class Predictor:
    """Answers for recordings, one or many.

    Args:
        recogniser: What answers.
    """

    def __init__(self, recogniser: InferenceModel | ExportedInferenceModel) -> None:
        self.spec = spec = recogniser.spec
        self.labels = tuple(recogniser.labels)
        self.sample_rate_hz = spec.features.sample_rate_hz
        self._recogniser = recogniser
        if spec.features.normalised_by == "speaker":
            raise InputError(
                "this network reads log-mels normalised by speaker, and of a recording alone the speaker's mean is not"
                " known. Train one on records normalised by `none` or `utterance`."
            )

    def predict(
        self,
        source: str | Path | np.ndarray,
        *,
        sample_rate_hz: int = 0,
        start_s: float = 0.0,
        end_s: float | None = None,
    ) -> Recognition:
        """Recognise the emotion of one recording.

        Args:
            source: A file; or samples (samples,) or (samples, channels), full scale 1.
            sample_rate_hz: Rate of samples.
            start_s: Where to start, in seconds.
            end_s: Where to end; None is the end.

        Raises:
            InputError: If it cannot be read, is silent, too short or too long, or the network knows no emotions.
        """
        answer = next(self.predict_many([_recording(source, sample_rate_hz, start_s, end_s)]))
        if answer.problem:
            raise AudioError(f"{answer.name or 'the recording'} {answer.problem}")
        return answer

    def predict_windows(
        self, source: str | Path | np.ndarray, *, sample_rate_hz: int = 0, window_s: float = 3.0, hop_s: float = 1.0
    ) -> list[Recognition]:
        """Recognise the emotion in a window that slides over one recording of any length.

        Args:
            source: As for `predict`.
            sample_rate_hz: Rate of samples.
            window_s: Length of the window; the last one is shorter where nothing is left.
            hop_s: Distance between windows.

        Returns:
            An answer a window, in order; a silent one has a problem instead.

        Raises:
            InputError: If the recording cannot be read.
        """
        answers = list(self.predict_many([_recording(source, sample_rate_hz)], window_s=window_s, hop_s=hop_s))
        if len(answers) == 1 and answers[0].problem:
            raise AudioError(f"{answers[0].name or 'the recording'} {answers[0].problem}")
        return answers

    def predict_many(
        self, recordings: Iterable[Recording], *, window_s: float = 0.0, hop_s: float = 0.0
    ) -> Iterator[Recognition]:
        """Recognise many recordings, read ahead by threads and answered in batches of like length.

        Args:
            recordings: What is to be recognised.
            window_s: Slide a window of this length over each; 0 takes each as a whole.
            hop_s: Distance between windows; a third of the window by default.

        Yields:
            The answers, in order; one that cannot be read has a problem and stops no other.

        Raises:
            InputError: If the network knows no emotions.
        """
        if not self.labels:
            raise InputError(
                "this network was pretrained alone and knows no emotions: give a run of `ser-fop finetune` or `classify`."
            )
        check_window(window_s, hop_s)
        waiting: list[tuple[Recognition, np.ndarray | None]] = []
        for answer, samples in self._stretches(recordings, window_s=window_s, hop_s=hop_s or window_s / 3):
            waiting.append((answer, samples))
            if len(waiting) >= 4 * _BATCH:
                yield from self._answered(waiting)
                waiting = []
        yield from self._answered(waiting)

    def hypercolumns(
        self,
        source: str | Path | np.ndarray | Recording,
        *,
        sample_rate_hz: int = 0,
        start_s: float = 0.0,
        end_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the network's features of one recording.

        Args:
            source: As for `predict`.
            sample_rate_hz: Rate of samples.
            start_s: Where to start, in seconds.
            end_s: Where to end; None is the end.

        Returns:
            `F`, `h1` .., `h_add` and `h_concat`, each (steps, width), and `pooled_` and each name, (width,).

        Raises:
            InputError: If it cannot be read, is silent, too short or too long.
        """
        whole = isinstance(source, Recording)
        recording = source if whole else _recording(source, sample_rate_hz, start_s, end_s)
        try:
            samples = self._checked(self._read(recording))
        except AudioError as error:
            raise AudioError(f"{recording.name or 'the recording'} {error}") from error
        found = self._recogniser.hypercolumns_of_waveform(tf.constant(samples[np.newaxis]), tf.constant([len(samples)]))
        return {name: values.numpy()[0] for name, values in found.items()}

    def _stretches(
        self, recordings: Iterable[Recording], *, window_s: float, hop_s: float
    ) -> Iterator[tuple[Recognition, np.ndarray | None]]:
        """Give what is to be answered with its samples, or, without samples, what cannot be."""
        rate_hz = self.sample_rate_hz
        for recording, read in self._read_ahead(recordings):
            start_s, name = recording.start_s, recording.name
            try:
                samples = read.result()
                if not window_s:
                    samples = self._checked(samples)
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
                    yield answer, self._checked(part)
                except AudioError as error:
                    yield dataclasses.replace(answer, problem=str(error)), None

    def _read_ahead(self, recordings: Iterable[Recording]) -> Iterator[tuple[Recording, Future]]:
        threads = os.cpu_count() or 1
        waiting: deque[tuple[Recording, Future]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for recording in recordings:
                waiting.append((recording, pool.submit(self._read, recording)))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()

    def _read(self, recording: Recording) -> np.ndarray:
        window = {"start_s": recording.start_s, "end_s": recording.end_s}
        if isinstance(recording.source, np.ndarray):
            return take_audio(
                recording.source, rate_hz=recording.sample_rate_hz, sample_rate_hz=self.sample_rate_hz, **window
            )
        if not isinstance(recording.source, Path):
            recording.source.seek(0)
        return read_audio(recording.source, sample_rate_hz=self.sample_rate_hz, **window)

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        """Return samples that can be answered for."""
        duration_s = len(samples) / self.sample_rate_hz
        if duration_s > LONGEST_S:
            raise AudioError(f"lasts {duration_s:.1f} s, longer than {LONGEST_S:g} s: let a window slide over it")
        if duration_s < _SHORTEST_S or len(samples) < window_length(self.spec.features):
            raise AudioError(f"lasts {duration_s:.3f} s, shorter than {_SHORTEST_S:g} s")
        if np.abs(samples).max() < SILENCE_PEAK:
            raise AudioError(SILENT)
        return samples

    def _answered(self, waiting: Sequence[tuple[Recognition, np.ndarray | None]]) -> Iterator[Recognition]:
        """Answer what has samples, like lengths together, and give all in order."""
        done = [answer for answer, _ in waiting]
        order = sorted((len(samples), place) for place, (_, samples) in enumerate(waiting) if samples is not None)
        for batch in _batches(order, longest=round(_BATCH_S * self.sample_rate_hz)):
            filled, lengths = padded_batch([waiting[place][1] for _, place in batch])
            found = self._recogniser.from_waveform(tf.constant(filled), tf.constant(lengths))
            for (_, place), scores, emotion in zip(batch, found[SCORES].numpy(), found[EMOTION].numpy(), strict=True):
                probabilities = dict(zip(self.labels, map(float, scores), strict=True))
                done[place] = dataclasses.replace(done[place], emotion=emotion.decode(), probabilities=probabilities)
        yield from done


def check_window(window_s: float, hop_s: float) -> None:
    """Raise `InputError` for a window that cannot slide; 0 is none."""
    if window_s < 0 or hop_s < 0 or (0 < window_s < _SHORTEST_S) or window_s > LONGEST_S:
        raise InputError(
            f"window_s expected {_SHORTEST_S:g} to {LONGEST_S:g}, hop_s a distance, received {window_s:g} and {hop_s:g}."
        )


def load(run: str | Path = DEFAULT_MODEL) -> Predictor:
    """Load a trained model.

    Args:
        run: Folder of a run of `ser-fop finetune` or `classify`, or (for hypercolumns) of `pretrain`; or what
            `ser-fop export` made of one: a version, or the folder of all, of which the newest is taken; or the name of
            a model that comes with the package.

    Raises:
        InputError: If there is no network there.
    """
    folder = resolve_model_path(Path(run))
    exported = (folder / "saved_model.pb").exists()
    return Predictor(ExportedInferenceModel(folder) if exported else inference_model_of(folder))


def _recording(source: Any, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Recording:
    window = {"start_s": start_s, "end_s": end_s}
    if isinstance(source, str | Path):
        return Recording(source=Path(source), name=str(source), **window)
    return Recording(source=np.asarray(source), sample_rate_hz=sample_rate_hz, **window)


def _batches(order: Sequence[tuple[int, int]], *, longest: int) -> Iterator[list[tuple[int, int]]]:
    """Cut what is sorted by length into batches of a bounded size, padding included."""
    batch: list[tuple[int, int]] = []
    for item in order:
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * item[0] > longest):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
