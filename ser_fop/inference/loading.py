"""Load trained models: run folders, exported models and the models of the package."""

from pathlib import Path
from typing import TYPE_CHECKING

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.config.runtime import Runtime
from ser_fop.errors import InputError
from ser_fop.hub.model_paths import EXTRA, LITERT_TWIN, SAVED_MODEL, TWIN, resolve_model_path
from ser_fop.inference.litert_model import LiteRtInferenceModel
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.inference.predictor import Predictor
from ser_fop.inference.runtimes import check_runtime, choose_twin, import_tensorflow_for
from ser_fop.models.network_spec import SPEC, read_spec

if TYPE_CHECKING:
    from ser_fop.inference.exported import ExportedInferenceModel
    from ser_fop.inference.inference_model import InferenceModel

_TWINS = {"onnx": (TWIN, OnnxInferenceModel), "litert": (LITERT_TWIN, LiteRtInferenceModel)}


def load(run: str | Path = DEFAULT_MODEL, *, detect_speech: bool = True, runtime: Runtime = "auto") -> Predictor:
    """Load a trained model.

    Args:
        run: One of these:

            - a run folder of `ser-fop finetune` or `classify`, or of `pretrain` for hypercolumns only;
            - an exported model of `ser-fop export`: one version, or the folder of all versions, of which the newest
              is loaded;
            - the name of a model that the package contains.
        detect_speech: Refuse recordings and windows without speech, such as music and noise.
        runtime: `onnx` runs the model's ONNX twin, which takes a second to start, and `litert` that of
            `ser-fop export --litert-twins`; `tensorflow` takes ten seconds. `auto` chooses a twin where there is one.

    Returns:
        A predictor for the model.

    Raises:
        InputError: If `run` contains no network, or no twin for the runtime.

    Example:
        >>> import ser_fop
        >>> ser_fop.load("emotion-common").sample_rate_hz
        16000
    """
    folder = resolve_model_path(Path(run))
    check_runtime(runtime, folder)
    files = {name: folder / EXTRA / file for name, (file, _) in _TWINS.items()}
    chosen = choose_twin(runtime, [name for name, file in files.items() if file.exists()])
    if chosen:
        model = _TWINS[chosen][1](files[chosen], read_spec(folder / "assets" / SPEC))
        return Predictor(model, detect_speech=detect_speech, whole_model=lambda: open_model(folder))
    if runtime in files:
        raise InputError(
            f"--runtime {runtime} expected an exported or published classifier with {EXTRA}/{files[runtime].name}, and"
            f" {folder} has none. Export the run with `ser-fop export"
            f"{' --litert-twins' if runtime == 'litert' else ''}`, or use --runtime tensorflow."
        )
    return Predictor(open_model(folder), detect_speech=detect_speech)


def open_model(run: str | Path) -> "InferenceModel | ExportedInferenceModel":
    """Open the inference model of a trained model in TensorFlow. See `load` for the values of `run`."""
    folder = resolve_model_path(Path(run))
    import_tensorflow_for(folder)
    # These imports need TensorFlow, which takes seconds to import.
    from ser_fop.inference.exported import ExportedInferenceModel
    from ser_fop.inference.sources import inference_model_of

    return ExportedInferenceModel(folder) if (folder / SAVED_MODEL).exists() else inference_model_of(folder)
