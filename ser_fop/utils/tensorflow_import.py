"""Import of TensorFlow without its start-up messages."""

import importlib
import os
import sys
import tempfile


def import_tensorflow_quietly() -> None:
    """Import TensorFlow without its start-up messages, which ignore the log level. Print them if the import fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as messages, os.fdopen(os.dup(2), "wb") as stderr:
        os.dup2(messages.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
        except ImportError:
            messages.seek(0)
            stderr.write(messages.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)
