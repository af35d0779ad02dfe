"""Sessions of ONNX Runtime."""

import os
from pathlib import Path

import onnxruntime

from ser_fop.errors import InputError


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open an ONNX model on the processor. `OMP_NUM_THREADS` limits its threads.

    Args:
        path: The model.

    Raises:
        InputError: If the file is damaged.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a type for each status
        raise InputError(f"the ONNX model {path} is damaged: {' '.join(str(error).split())[:200]}") from error
