"""Future Observation Prediction for speech emotion recognition.

Nothing here imports TensorFlow: the modules below do, when they are imported.
"""

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["load"]

_LAZY = {"load": "ser_fop.inference.predictor"}


def __getattr__(name: str) -> Any:
    """Import what is public when it is first asked for."""
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
