"""Interpreters of LiteRT."""

import importlib.util
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ser_fop.errors import InputError
from ser_fop.utils.threads import stated_threads

Runner = Callable[..., dict[str, np.ndarray]]


def open_runner(path: Path, *, threads: int = 0) -> Runner:
    """Open a LiteRT model on the processor, and return a function that runs it. Threads may share the function.

    Args:
        path: The model.
        threads: Number of threads; 0 means `OMP_NUM_THREADS`, or one for each core.

    Raises:
        InputError: If LiteRT is not installed, or the file is damaged.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise InputError('--runtime litert needs LiteRT, which is not installed: pip install "ser_fop[litert]".')
    from ai_edge_litert.interpreter import Interpreter  # an optional dependency

    try:
        content = path.read_bytes()
        interpreter = Interpreter(
            model_content=content, num_threads=threads or stated_threads() or len(os.sched_getaffinity(0))
        )
        run = interpreter.get_signature_runner()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"the LiteRT model {path} is damaged: {' '.join(str(error).split())[:200]}") from error
    lock = threading.Lock()  # an interpreter holds the values of one call

    def run_alone(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        with lock:
            return run(**inputs)

    return run_alone
