"""Loading of SavedModels."""

import logging
from pathlib import Path
from typing import Any

import tensorflow as tf


def load_saved_model(folder: Path) -> Any:
    """Load a SavedModel for inference.

    Args:
        folder: Folder of the SavedModel.

    Returns:
        The object that TensorFlow restores.
    """
    # Exports contain no gradients, and TensorFlow warns of this once for each function.
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return tf.saved_model.load(str(folder))
    finally:
        logger.setLevel(level)
