"""A recogniser out of a SavedModel that `ser-fop export` wrote: no network is rebuilt."""

from pathlib import Path

import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.models.saving import SPEC, read_spec


class ExportedInferenceModel:
    """Answers as `InferenceModel` does.

    Args:
        folder: The SavedModel.

    Raises:
        InputError: If it is another one.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "assets" / SPEC).exists():
            raise InputError(f"the SavedModel {folder} was not written by ser_fop: it has no assets/{SPEC}.")
        self.spec = read_spec(folder / "assets" / SPEC)
        self.labels = self.spec.labels
        try:
            self._model = tf.saved_model.load(str(folder))
        except Exception as error:  # it raises what it meets
            raise InputError(f"the SavedModel {folder} is damaged: {' '.join(str(error).split())[:200]}") from error
        if not hasattr(self._model, "hypercolumns_of_waveform"):
            raise InputError(f"the SavedModel {folder} takes log-mels alone: give one of `ser-fop export`, or the run.")
        self.hypercolumns_of_waveform = self._model.hypercolumns_of_waveform
        if self.labels:
            self.from_waveform = self._model.from_waveform
