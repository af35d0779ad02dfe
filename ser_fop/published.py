"""The models that come with the package, by name."""

import importlib.resources
from pathlib import Path

DEFAULT = "emotion-ravdess"
CARD = "MODEL_CARD.md"


def published_models() -> dict[str, Path]:
    """Return the folder of each model that comes with the package."""
    try:
        root = Path(str(importlib.resources.files("ser_fop.saved_models")))
    except ModuleNotFoundError:
        return {}
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD}"))}


def published(path: str | Path) -> Path:
    """Return the folder of a model: what stands at a path, or else what comes with the package under that name.

    Args:
        path: A path, or a name such as `emotion-ravdess`.
    """
    path = Path(path)
    return path if path.exists() else published_models().get(str(path), path)
