"""Open the step of a trained model, in the runtime that starts fastest."""

from pathlib import Path
from typing import TYPE_CHECKING

from ser_fop.config.runtime import Runtime
from ser_fop.errors import InputError
from ser_fop.hub.model_paths import EXTRA, STREAM_TWIN, resolve_model_path
from ser_fop.inference.runtimes import check_runtime, import_tensorflow_for
from ser_fop.models.network_spec import SPEC, read_spec
from ser_fop.streaming.onnx_step import OnnxStep, read_description

if TYPE_CHECKING:
    from ser_fop.streaming.stream_step import StreamStep


def open_step(model: str | Path, *, context_s: float, runtime: Runtime = "auto") -> "StreamStep | OnnxStep":
    """Open the step of a causal model.

    Args:
        model: Run folder, exported model, or name of a published model.
        context_s: Time to which a transformer attends, in seconds. An ONNX twin has that of its export.
        runtime: `onnx` runs the model's twin, which starts in a second; `tensorflow` takes ten. `auto` chooses the twin
            where there is one with this context.

    Raises:
        InputError: If there is no such model, it is not causal, or it has no twin for the runtime `onnx`.
    """
    folder = resolve_model_path(Path(model))
    check_runtime(runtime, folder)
    twin = folder / EXTRA / STREAM_TWIN
    fits = twin.exists() and read_description(twin)["context_s"] == context_s
    if runtime == "onnx" and not fits:
        raise InputError(
            f"--runtime onnx expected an exported causal classifier with a twin for a context of {context_s:g} s, and"
            f" {folder} has none. Export it with --stream-context-s {context_s:g}, or use --runtime tensorflow."
        )
    if fits and runtime != "tensorflow":
        return OnnxStep(twin, read_spec(folder / "assets" / SPEC))
    import_tensorflow_for(folder)
    # These imports need TensorFlow, which takes seconds to import.
    from ser_fop.hub.networks import load_network
    from ser_fop.streaming.stream_step import StreamStep

    return StreamStep(*load_network(folder), context_s=context_s)
