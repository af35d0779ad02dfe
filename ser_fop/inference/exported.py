"""An inference model that is loaded from a SavedModel of `ser-fop export`."""

from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.hub.saved_model import load_saved_model
from ser_fop.models.network_spec import SPEC, read_spec


class ExportedInferenceModel:
    """Inference model of a SavedModel, with the outputs of `InferenceModel`.

    The functions come from the SavedModel itself. No Keras network is rebuilt.

    Args:
        folder: Folder of the SavedModel.

    Raises:
        InputError: If `ser-fop export` did not write the SavedModel, or the SavedModel is damaged.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "assets" / SPEC).exists():
            raise InputError(f"the SavedModel {folder} was not written by ser_fop: it has no assets/{SPEC}.")
        self.spec = read_spec(folder / "assets" / SPEC)
        self.labels = self.spec.labels
        try:
            self._model = load_saved_model(folder)
        except Exception as error:  # TensorFlow documents no exception type here
            raise InputError(f"the SavedModel {folder} is damaged: {' '.join(str(error).split())[:200]}") from error
        if not hasattr(self._model, "hypercolumns_of_waveform"):
            raise InputError(
                f"the SavedModel {folder} accepts only log-mels: give a model of `ser-fop export`, or the run folder."
            )
        self.hypercolumns_of_waveform = self._model.hypercolumns_of_waveform
        if self.labels:
            self.from_waveform = self._model.from_waveform
