"""Load trained models: run folders, exported models and the models of the package."""

from pathlib import Path

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.hub.networks import resolve_model_path
from ser_fop.inference.exported import ExportedInferenceModel
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.predictor import Predictor
from ser_fop.inference.sources import inference_model_of


def load(run: str | Path = DEFAULT_MODEL, *, detect_speech: bool = True) -> Predictor:
    """Load a trained model.

    Args:
        run: One of these:

            - a run folder of `ser-fop finetune` or `classify`, or of `pretrain` for hypercolumns only;
            - an exported model of `ser-fop export`: one version, or the folder of all versions, of which the newest
              is loaded;
            - the name of a model that the package contains.
        detect_speech: Refuse recordings and windows without speech, such as music and noise.

    Returns:
        A predictor for the model.

    Raises:
        InputError: If `run` contains no network.

    Example:
        >>> import ser_fop
        >>> ser_fop.load("emotion-common").sample_rate_hz
        16000
    """
    return Predictor(open_model(run), detect_speech=detect_speech)


def open_model(run: str | Path) -> InferenceModel | ExportedInferenceModel:
    """Open the inference model of a trained model. See `load` for the values of `run`."""
    folder = resolve_model_path(Path(run))
    exported = (folder / "saved_model.pb").exists()
    return ExportedInferenceModel(folder) if exported else inference_model_of(folder)
