"""The models that come with the package, by name."""

import importlib.resources
from pathlib import Path

from ser_fop.errors import InputError, closest

CARD = "MODEL_CARD.md"


def published_models() -> dict[str, Path]:
    """Return the folder of each model that comes with the package."""
    try:
        root = Path(str(importlib.resources.files("ser_fop.saved_models")))
    except ModuleNotFoundError:
        return {}
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD}"))}


def resolve_published(path: str | Path) -> Path:
    """Return the folder of a model: what stands at a path, or else what comes with the package under that name.

    Args:
        path: A path, or a name such as `emotion-ravdess`.

    Raises:
        InputError: If there is nothing at the path, and it is nearly the name of a model.
    """
    path = Path(path)
    if path.exists():
        return path
    models = published_models()
    if str(path) in models or len(path.parts) > 1:
        return models.get(str(path), path)
    near = closest(str(path), models)
    if near:
        raise InputError(f"there is neither a folder nor a model {str(path)!r}.{near}")
    return path
