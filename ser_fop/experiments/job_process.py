"""Start of a process that runs jobs.

This module imports no TensorFlow: a new process reads it first, and its function runs before TensorFlow is imported.
"""

import os
import signal
import threading
import time

from ser_fop.utils.tensorflow_import import import_tensorflow_quietly


def start_job_process(threads: int, parent: int) -> None:
    """Import TensorFlow with a number of threads, and end this process when its parent ends.

    Args:
        threads: Number of threads of an operation, and of operations at a time.
        parent: Process number of the parent.
    """
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    import_tensorflow_quietly()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    while True:
        os.kill(os.getpid(), signal.SIGTERM)  # pretraining writes a checkpoint, then the job ends
        time.sleep(5)
