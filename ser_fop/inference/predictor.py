"""The emotion of a recording: `ser_fop.load(RUN).predict("some.wav")`."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.corpora.audio import AudioError, padded_batch
from ser_fop.errors import InputError
from ser_fop.hub.networks import resolve_model_path
from ser_fop.inference.exported import ExportedInferenceModel
from ser_fop.inference.frames import to_frame
from ser_fop.inference.inference_model import EMOTION, SCORES, InferenceModel
from ser_fop.inference.inputs import recordings_of
from ser_fop.inference.recording import Recognition, Recording
from ser_fop.inference.sources import inference_model_of
from ser_fop.inference.waveform_reader import LONGEST_S, SHORTEST_S, WaveformReader

if TYPE_CHECKING:
    import pandas as pd

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
        self._reader = WaveformReader(spec.features)
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
        as_frame: bool = False,
    ) -> "Recognition | pd.DataFrame":
        """Recognise the emotion of one recording.

        Args:
            source: A file; or samples (samples,) or (samples, channels), full scale 1.
            sample_rate_hz: Rate of samples.
            start_s: Where to start, in seconds.
            end_s: Where to end; None is the end.
            as_frame: Return a table of one row.

        Raises:
            InputError: If it cannot be read, is silent, too short or too long, or the network knows no emotions.

        Example:
            >>> import ser_fop
            >>> predictor = ser_fop.load("emotion-ravdess")
            >>> predictor.predict(ser_fop.sample("sad")).emotion in predictor.labels
            True
        """
        answer = next(self.predict_many([_recording(source, sample_rate_hz, start_s, end_s)]))
        if answer.problem:
            raise AudioError(f"{answer.name or 'the recording'} {answer.problem}")
        return to_frame([answer]) if as_frame else answer

    def predict_files(
        self, paths: Iterable[str | Path], *, as_frame: bool = False
    ) -> "list[Recognition] | pd.DataFrame":
        """Recognise the emotion of many files.

        Args:
            paths: Audio files.
            as_frame: Return a table, one row a file.

        Returns:
            The answers, in order. A file that cannot be read has a problem instead, and stops no other.

        Raises:
            InputError: If the network knows no emotions.

        Example:
            >>> import ser_fop
            >>> files = [ser_fop.sample("happy"), ser_fop.sample("sad")]
            >>> list(ser_fop.load().predict_files(files, as_frame=True).columns[:3])
            ['start_s', 'end_s', 'emotion']
        """
        recordings = [Recording(source=Path(path), name=str(path)) for path in paths]
        answers = list(self.predict_many(recordings))
        return to_frame(answers) if as_frame else answers

    def predict_folder(self, folder: str | Path, *, as_frame: bool = False) -> "list[Recognition] | pd.DataFrame":
        """Recognise the emotion of every audio file below a folder.

        Args:
            folder: The folder.
            as_frame: Return a table, one row a file.

        Returns:
            The answers, in the order of the files' paths.

        Raises:
            InputError: If there is no such folder, it holds no audio, or the network knows no emotions.

        Example:
            >>> import ser_fop
            >>> len(ser_fop.load().predict_folder(ser_fop.sample("sad").parent))
            4
        """
        if not Path(folder).is_dir():
            raise InputError(f"expected a folder of audio files, but {folder} is none.")
        answers = list(self.predict_many(recordings_of([str(folder)])))
        return to_frame(answers) if as_frame else answers

    def predict_windows(
        self,
        source: str | Path | np.ndarray,
        *,
        sample_rate_hz: int = 0,
        window_s: float = 3.0,
        hop_s: float = 1.0,
        as_frame: bool = False,
    ) -> "list[Recognition] | pd.DataFrame":
        """Recognise the emotion in a window that slides over one recording of any length.

        Args:
            source: As for `predict`.
            sample_rate_hz: Rate of samples.
            window_s: Length of the window; the last one is shorter where nothing is left.
            hop_s: Distance between windows.
            as_frame: Return a table, one row a window.

        Returns:
            An answer a window, in order; a silent one has a problem instead.

        Raises:
            InputError: If the recording cannot be read.

        Example:
            >>> import ser_fop
            >>> windows = ser_fop.load().predict_windows(ser_fop.sample("angry"), window_s=1.0, hop_s=0.5)
            >>> windows[1].start_s
            0.5
        """
        answers = list(self.predict_many([_recording(source, sample_rate_hz)], window_s=window_s, hop_s=hop_s))
        if len(answers) == 1 and answers[0].problem:
            raise AudioError(f"{answers[0].name or 'the recording'} {answers[0].problem}")
        return to_frame(answers) if as_frame else answers

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
        for answer, samples in self._reader.stretches(recordings, window_s=window_s, hop_s=hop_s or window_s / 3):
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
            samples = self._reader.checked(self._reader.read(recording))
        except AudioError as error:
            raise AudioError(f"{recording.name or 'the recording'} {error}") from error
        found = self._recogniser.hypercolumns_of_waveform(tf.constant(samples[np.newaxis]), tf.constant([len(samples)]))
        return {name: values.numpy()[0] for name, values in found.items()}

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
    if window_s < 0 or hop_s < 0 or (0 < window_s < SHORTEST_S) or window_s > LONGEST_S:
        raise InputError(
            f"window_s expected {SHORTEST_S:g} to {LONGEST_S:g}, hop_s a distance, received {window_s:g} and {hop_s:g}."
        )


def load(run: str | Path = DEFAULT_MODEL) -> Predictor:
    """Load a trained model.

    Args:
        run: Folder of a run of `ser-fop finetune` or `classify`, or (for hypercolumns) of `pretrain`; or what
            `ser-fop export` made of one: a version, or the folder of all, of which the newest is taken; or the name of
            a model that comes with the package.

    Raises:
        InputError: If there is no network there.

    Example:
        >>> import ser_fop
        >>> ser_fop.load("emotion-ravdess").sample_rate_hz
        16000
    """
    return Predictor(open_model(run))


def open_model(run: str | Path) -> InferenceModel | ExportedInferenceModel:
    """Return the graph of a trained model: see `load`."""
    folder = resolve_model_path(Path(run))
    exported = (folder / "saved_model.pb").exists()
    return ExportedInferenceModel(folder) if exported else inference_model_of(folder)


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
