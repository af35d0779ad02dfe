"""Published models: the models that the package contains."""

import dataclasses
import importlib.resources
import json
from pathlib import Path

from ser_fop.errors import InputError, closest

CARD = "MODEL_CARD.md"
# In a checkout the models are next to the package, not inside it.
_CHECKOUT = Path(__file__).resolve().parents[2] / "saved_models"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """Description of a published model.

    Attributes:
        name: Name of the model, for `load`, `from_pretrained` and the command line.
        kind: Kind of the network, such as `frame_predictor` (pretrained) or `emotion_classifier`.
        labels: Emotions that the model recognises; empty for a pretrained network.
        licence: Licence of the model.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    licence: str


def list_models() -> list[PublishedModel]:
    """Return the published models.

    Example:
        >>> import ser_fop
        >>> [model.name for model in ser_fop.list_models()]
        ['emotion-common', 'emotion-ravdess', 'emotion-stream', 'fop-librispeech']
    """
    found = []
    for name, folder in published_models().items():
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        specs = sorted(folder.glob("*/assets/network.json"))
        spec = json.loads(specs[-1].read_text(encoding="utf-8")) if specs else {}
        found.append(
            PublishedModel(
                name=name,
                kind=spec.get("kind", ""),
                labels=tuple(spec.get("labels", ())),
                licence=described.get("licence", ""),
            )
        )
    return found


def published_models() -> dict[str, Path]:
    """Return the folder of each published model, by name."""
    try:
        root = Path(str(importlib.resources.files("ser_fop.saved_models")))
    except ModuleNotFoundError:
        root = _CHECKOUT
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD}"))}


def resolve_published(path: str | Path) -> Path:
    """Return the folder of a model. An existing path has precedence over the name of a published model.

    Args:
        path: Path, or name of a published model, such as `emotion-common`.

    Returns:
        The folder, or `path` itself if it is unknown.

    Raises:
        InputError: If the path does not exist, and is similar to the name of a published model.
    """
    path = Path(path)
    if path.exists():
        return path
    models = published_models()
    if str(path) in models or len(path.parts) > 1:
        return models.get(str(path), path)
    near = closest(str(path), models)
    if near:
        raise InputError(f"expected a folder or the name of a published model, received {str(path)!r}.{near}")
    return path
