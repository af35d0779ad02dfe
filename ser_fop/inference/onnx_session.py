"""Sessions of ONNX Runtime."""

from pathlib import Path

import onnxruntime

from ser_fop.errors import InputError
from ser_fop.utils.threads import stated_threads


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
    options.intra_op_num_threads = threads or stated_threads()
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a type for each status
        raise InputError(f"the ONNX model {path} is damaged: {' '.join(str(error).split())[:200]}") from error
