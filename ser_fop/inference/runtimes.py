"""Runtimes of a trained model, and what each one needs."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from ser_fop.config.runtime import Runtime
from ser_fop.errors import InputError
from ser_fop.utils.tensorflow_import import import_tensorflow_quietly


def check_runtime(runtime: str, folder: Path) -> None:
    """Check the name of a runtime, and that there is a model.

    Args:
        runtime: Name of a runtime.
        folder: Folder of the model.

    Raises:
        InputError: If the runtime is unknown, or the folder does not exist.
    """
    if runtime not in get_args(Runtime):
        raise InputError(f"runtime expected {', '.join(get_args(Runtime))}, received {runtime!r}.")
    if not folder.is_dir():
        raise InputError(f"expected a model, received {folder}, which is no folder and no name of a published model.")


def choose_twin(runtime: str, available: Sequence[str]) -> str:
    """Return the runtime of the twin that is to run; an empty string for none.

    Args:
        runtime: Name of a runtime. `auto` takes the first available one that is installed.
        available: Runtimes that the model has a twin for, the best first.

    Example:
        >>> choose_twin("auto", ["onnx", "litert"]), choose_twin("tensorflow", ["onnx"])
        ('onnx', '')
    """
    if runtime != "auto":
        return runtime if runtime in available else ""
    installed = [name for name in available if name == "onnx" or importlib.util.find_spec("ai_edge_litert")]
    return next(iter(installed), "")


def import_tensorflow_for(folder: Path) -> None:
    """Import TensorFlow for a model whose twins do not do.

    Args:
        folder: Folder of the model.

    Raises:
        InputError: If TensorFlow is not installed.
    """
    try:
        is_installed = importlib.util.find_spec("tensorflow") is not None
    except ValueError:  # it is blocked
        is_installed = False
    if not is_installed:
        raise InputError(
            f'{folder} needs TensorFlow here, which is not installed: pip install "ser_fop[train]". Only emotions of an'
            " exported or published classifier, with the context of its export, need none."
        )
    import_tensorflow_quietly()
