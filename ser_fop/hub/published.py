"""The models that come with the package, by name."""

import dataclasses
import importlib.resources
import json
from pathlib import Path

from ser_fop.errors import InputError, closest

CARD = "MODEL_CARD.md"
# In a checkout the models stand beside the package, not in it.
_CHECKOUT = Path(__file__).resolve().parents[2] / "saved_models"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A model that comes with the package.

    Attributes:
        name: Its name, for `load`, `from_pretrained` and the command line.
        kind: Its network, such as `frame_predictor` (pretrained) or `emotion_classifier`.
        labels: Its emotions; none for a pretrained network.
        licence: Its licence.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    licence: str


def list_models() -> list[PublishedModel]:
    """Return the models that come with the package.

    Example:
        >>> import ser_fop
        >>> [model.name for model in ser_fop.list_models()]
        ['emotion-ravdess', 'fop-librispeech']
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
    """Return the folder of each model that comes with the package, by name."""
    try:
        root = Path(str(importlib.resources.files("ser_fop.saved_models")))
    except ModuleNotFoundError:
        root = _CHECKOUT
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD}"))}


def resolve_published(path: str | Path) -> Path:
    """Return the folder of a model: an existing path, or else the published model of that name.

    Args:
        path: A path, or a name such as `emotion-ravdess`.

    Raises:
        InputError: If nothing stands at the path, and it is nearly the name of a model.
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
