"""Function calls in a separate process, which keep TensorFlow and its threads out of the measuring process."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def apart(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a top-level function in a separate process and return its result."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_quiet) as pool:
        return pool.submit(function, *arguments, **named).result()


def _quiet() -> None:
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"})
