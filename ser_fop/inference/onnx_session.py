"""Sessions of ONNX Runtime."""

import os
from pathlib import Path

import onnxruntime

from ser_fop.errors import InputError


def open_session(path: Path, *, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open an ONNX model on the processor.

    Args:
        path: The model.
        threads: Number of threads; 0 means one for each core, or `OMP_NUM_THREADS`.

    Raises:
        InputError: If the file is damaged.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or _stated_threads()
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a type for each status
        raise InputError(f"the ONNX model {path} is damaged: {' '.join(str(error).split())[:200]}") from error


def _stated_threads() -> int:
    """Return the number in `OMP_NUM_THREADS`, which may be a list such as `2,1`; 0 without one."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0
