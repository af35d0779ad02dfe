"""Open the step of a trained model, in the runtime that starts fastest."""

from pathlib import Path
from typing import TYPE_CHECKING

from ser_fop.config.runtime import Runtime
from ser_fop.errors import InputError
from ser_fop.hub.model_paths import EXTRA, LITERT_STREAM_TWIN, STREAM_TWIN, resolve_model_path
from ser_fop.inference.runtimes import check_runtime, choose_twin, import_tensorflow_for
from ser_fop.models.network_spec import SPEC, read_spec
from ser_fop.streaming.litert_step import LiteRtStep
from ser_fop.streaming.onnx_step import OnnxStep
from ser_fop.streaming.twin_step import TwinStep, read_description

if TYPE_CHECKING:
    from ser_fop.streaming.stream_step import StreamStep

_TWINS = {"onnx": (STREAM_TWIN, OnnxStep), "litert": (LITERT_STREAM_TWIN, LiteRtStep)}


def open_step(model: str | Path, *, context_s: float, runtime: Runtime = "auto") -> "StreamStep | TwinStep":
    """Open the step of a causal model.

    Args:
        model: Run folder, exported model, or name of a published model.
        context_s: Time to which a transformer attends, in seconds. A twin has that of its export.
        runtime: `onnx` runs the model's ONNX twin, which starts in a second, and `litert` that of `ser-fop export
            --litert-twins`; `tensorflow` takes ten. `auto` chooses a twin where there is one with this context.

    Raises:
        InputError: If there is no such model, it is not causal, or it has no twin for the runtime.
    """
    folder = resolve_model_path(Path(model))
    check_runtime(runtime, folder)
    files = {name: folder / EXTRA / file for name, (file, _) in _TWINS.items()}
    fitting = [
        name for name, file in files.items() if file.exists() and read_description(file)["context_s"] == context_s
    ]
    chosen = choose_twin(runtime, fitting)
    if chosen:
        return _TWINS[chosen][1](files[chosen], read_spec(folder / "assets" / SPEC))
    if runtime in files:
        raise InputError(
            f"--runtime {runtime} expected an exported causal classifier with a twin for a context of {context_s:g} s, and"
            f" {folder} has none. Export it with --stream-context-s {context_s:g}"
            f"{' --litert-twins' if runtime == 'litert' else ''}, or use --runtime tensorflow."
        )
    import_tensorflow_for(folder)
    # These imports need TensorFlow, which takes seconds to import.
    from ser_fop.hub.networks import load_network
    from ser_fop.streaming.stream_step import StreamStep

    return StreamStep(*load_network(folder), context_s=context_s)
