"""Short synthetic recordings for examples."""

import importlib.resources
from pathlib import Path

from ser_fop.errors import InputError

_ROOT = importlib.resources.files("ser_fop") / "serving" / "page" / "samples"


def sample(emotion: str = "happy") -> Path:
    """Return the path of a short synthetic recording.

    Args:
        emotion: `angry`, `happy`, `neutral` or `sad`.

    Raises:
        InputError: If there is no recording of this emotion.

    Example:
        >>> import ser_fop
        >>> ser_fop.sample("sad").name
        'synthetic_sad.flac'
    """
    paths = {path.stem.removeprefix("synthetic_"): path for path in Path(str(_ROOT)).glob("synthetic_*.flac")}
    if emotion not in paths:
        raise InputError(f"expected an emotion out of {', '.join(sorted(paths))}, received {emotion!r}.")
    return paths[emotion]
