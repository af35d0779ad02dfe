"""Emotion recognition of recordings: `ser_fop.load(RUN).predict("some.wav")`."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ser_fop.corpora.audio import AudioError, padded_batch
from ser_fop.errors import InputError
from ser_fop.inference.frames import to_frame
from ser_fop.inference.inputs import recordings_of
from ser_fop.inference.outputs import REASON, SCORES
from ser_fop.inference.recording import Recognition, Recording
from ser_fop.inference.waveform_reader import LONGEST_S, SHORTEST_S, WaveformReader

if TYPE_CHECKING:
    import pandas as pd

    from ser_fop.inference.exported import ExportedInferenceModel
    from ser_fop.inference.inference_model import InferenceModel
    from ser_fop.inference.onnx_model import OnnxInferenceModel

_BATCH = 16
_BATCH_S = 120.0


class Predictor:
    """Recognition of the emotion, or of another target, in one or many recordings.

    Args:
        recogniser: The inference model.
        detect_speech: Refuse recordings and windows without speech, such as music and noise.
        whole_model: Opens the model with hypercolumns, where `recogniser` has none.

    Raises:
        InputError: If the model needs log-mels that are normalised by speaker.
    """

    def __init__(
        self,
        recogniser: "InferenceModel | ExportedInferenceModel | OnnxInferenceModel",
        *,
        detect_speech: bool = True,
        whole_model: "Callable[[], InferenceModel | ExportedInferenceModel] | None" = None,
    ) -> None:
        self.spec = spec = recogniser.spec
        self.labels = tuple(recogniser.labels)
        self.sample_rate_hz = spec.features.sample_rate_hz
        self._model = recogniser
        self._whole_model = functools.cache(whole_model or (lambda: recogniser))
        self._reader = WaveformReader(spec.features, detect_speech=detect_speech, target=spec.target)
        if spec.features.normalised_by == "speaker":
            raise InputError(
                "this network needs log-mels normalised by speaker, but the speaker's mean is not known for a single"
                " recording. Use a network that was trained on records normalised by `none` or `utterance`."
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
        """Recognise the emotion, or another target, of one recording.

        Args:
            source: An audio file, or an array of shape (samples,) or (samples, channels) with values from -1 to 1.
            sample_rate_hz: Sample rate of an array, in Hz.
            start_s: Start of the segment, in seconds.
            end_s: End of the segment, in seconds. None means the end of the recording.
            as_frame: Return a pandas table of one row.

        Returns:
            The prediction, or a table.

        Raises:
            InputError: If the recording cannot be read, is silent, without speech, too short or too long, or the network
                has no classes.

        Example:
            >>> import ser_fop
            >>> predictor = ser_fop.load("emotion-common")
            >>> predictor.predict(ser_fop.sample("sad")).emotion in (*predictor.labels, "unsure")
            True
        """
        answer = next(self.predict_many([_to_recording(source, sample_rate_hz, start_s, end_s)]))
        if answer.problem:
            raise AudioError(f"{answer.name or 'the recording'} {answer.problem}")
        return to_frame([answer]) if as_frame else answer

    def predict_files(
        self, paths: Iterable[str | Path], *, as_frame: bool = False
    ) -> "list[Recognition] | pd.DataFrame":
        """Recognise the emotion, or another target, of many files.

        Args:
            paths: Audio files.
            as_frame: Return a pandas table with one row per file.

        Returns:
            The predictions, in the order of `paths`. A file that cannot be read has a `problem` and no label. The
            other files are not affected.

        Raises:
            InputError: If the network has no classes.

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
        """Recognise the emotion, or another target, of every audio file below a folder.

        Args:
            folder: The folder. It is searched recursively.
            as_frame: Return a pandas table with one row per file.

        Returns:
            The predictions, sorted by path.

        Raises:
            InputError: If the folder does not exist or contains no audio file, or the network has no classes.

        Example:
            >>> import ser_fop
            >>> len(ser_fop.load().predict_folder(ser_fop.sample("sad").parent))
            4
        """
        if not Path(folder).is_dir():
            raise InputError(f"expected a folder of audio files, received {folder}, which is not a folder.")
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
        """Recognise emotions, or another target, in a sliding window over one recording of any length.

        Args:
            source: See `predict`.
            sample_rate_hz: Sample rate of an array, in Hz.
            window_s: Length of the window, in seconds. The last window can be shorter.
            hop_s: Distance between the starts of two windows, in seconds. With 0, a third of the window.
            as_frame: Return a pandas table with one row per window.

        Returns:
            One prediction per window, in order. A window without speech has a `problem` and no label.

        Raises:
            InputError: If the recording cannot be read.

        Example:
            >>> import ser_fop
            >>> windows = ser_fop.load().predict_windows(ser_fop.sample("angry"), window_s=1.0, hop_s=0.5)
            >>> windows[1].start_s
            0.5
        """
        answers = list(self.predict_many([_to_recording(source, sample_rate_hz)], window_s=window_s, hop_s=hop_s))
        if len(answers) == 1 and answers[0].problem:
            raise AudioError(f"{answers[0].name or 'the recording'} {answers[0].problem}")
        return to_frame(answers) if as_frame else answers

    def predict_many(
        self, recordings: Iterable[Recording], *, window_s: float = 0.0, hop_s: float = 0.0
    ) -> Iterator[Recognition]:
        """Recognise the emotions, or another target, of many recordings.

        Threads read the recordings ahead. Recordings of similar length share a batch.

        Args:
            recordings: The recordings.
            window_s: Length of a sliding window, in seconds. With 0, each recording is recognised as a whole.
            hop_s: Distance between the starts of two windows, in seconds. With 0, a third of the window.

        Yields:
            The predictions, in order. A recording that cannot be read has a `problem` and no label.

        Raises:
            InputError: If the network has no classes, or the window is invalid.
        """
        if not self.labels:
            raise InputError(
                "this network is only pretrained and has no classes: give a run of `ser-fop finetune` or `classify`."
            )
        check_window(window_s, hop_s)
        waiting: list[tuple[Recognition, np.ndarray | None]] = []
        for answer, samples in self._reader.stretches(recordings, window_s=window_s, hop_s=hop_s or window_s / 3):
            waiting.append((answer, samples))
            if len(waiting) >= 4 * _BATCH:
                yield from self._predict_waiting(waiting)
                waiting = []
        yield from self._predict_waiting(waiting)

    def hypercolumns(
        self,
        source: str | Path | np.ndarray | Recording,
        *,
        sample_rate_hz: int = 0,
        start_s: float = 0.0,
        end_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Compute the hypercolumns of one recording.

        Args:
            source: See `predict`. A `Recording` is accepted too.
            sample_rate_hz: Sample rate of an array, in Hz.
            start_s: Start of the segment, in seconds.
            end_s: End of the segment, in seconds. None means the end of the recording.

        Returns:
            `F`, `h1` .., `h_add` and `h_concat`, each of shape (steps, width). `pooled_F`, `pooled_h1` and so on are
            the same features pooled over time, each of shape (width,).

        Raises:
            InputError: If the recording cannot be read, is silent, too short or too long.
        """
        whole = isinstance(source, Recording)
        recording = source if whole else _to_recording(source, sample_rate_hz, start_s, end_s)
        try:
            samples = self._reader.checked(self._reader.read(recording))
        except AudioError as error:
            raise AudioError(f"{recording.name or 'the recording'} {error}") from error
        outputs = self._whole_model().hypercolumns_of_waveform(samples[np.newaxis], np.int32([len(samples)]))
        return {name: np.asarray(values)[0] for name, values in outputs.items()}

    def _predict_waiting(self, waiting: Sequence[tuple[Recognition, np.ndarray | None]]) -> Iterator[Recognition]:
        """Predict for all entries with samples, in batches of similar length, and yield all entries in order."""
        done = [answer for answer, _ in waiting]
        order = sorted((len(samples), index) for index, (_, samples) in enumerate(waiting) if samples is not None)
        for batch in _batches(order, longest=round(_BATCH_S * self.sample_rate_hz)):
            padded, lengths = padded_batch([waiting[index][1] for _, index in batch])
            outputs = {name: np.asarray(values) for name, values in self._model.from_waveform(padded, lengths).items()}
            # Exports without this output can be loaded too.
            reasons = outputs.get(REASON, [b""] * len(batch))
            columns = (outputs[SCORES], outputs[self.spec.target], reasons)
            for (_, index), scores, label, reason in zip(batch, *columns, strict=True):
                done[index] = dataclasses.replace(
                    done[index],
                    label=label.decode(),
                    probabilities=dict(zip(self.labels, map(float, scores), strict=True)),
                    reason=reason.decode(),
                )
        yield from done


def check_window(window_s: float, hop_s: float) -> None:
    """Check the length and the hop of a sliding window.

    Args:
        window_s: Length of the window, in seconds. 0 means no window.
        hop_s: Distance between the starts of two windows, in seconds.

    Raises:
        InputError: If one of the values is out of range.
    """
    if window_s < 0 or hop_s < 0 or (0 < window_s < SHORTEST_S) or window_s > LONGEST_S:
        raise InputError(
            f"expected window_s of {SHORTEST_S:g} to {LONGEST_S:g} s (or 0 for no window) and hop_s of at least 0 s,"
            f" received window_s={window_s:g} and hop_s={hop_s:g}."
        )


def _to_recording(source: Any, sample_rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> Recording:
    window = {"start_s": start_s, "end_s": end_s}
    if isinstance(source, str | Path):
        return Recording(source=Path(source), name=str(source), **window)
    return Recording(source=np.asarray(source), sample_rate_hz=sample_rate_hz, **window)


def _batches(order: Sequence[tuple[int, int]], *, longest: int) -> Iterator[list[tuple[int, int]]]:
    """Split entries that are sorted by length into batches. `longest` bounds the samples of a batch with padding."""
    batch: list[tuple[int, int]] = []
    for item in order:
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * item[0] > longest):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
