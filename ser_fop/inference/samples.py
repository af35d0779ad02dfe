"""Short recordings that come with the package, to try things on."""

import importlib.resources
from pathlib import Path

from ser_fop.errors import InputError

_ROOT = importlib.resources.files("ser_fop") / "serving" / "page" / "samples"


def sample(emotion: str = "happy") -> Path:
    """Return a synthetic recording.

    Args:
        emotion: `angry`, `happy`, `neutral` or `sad`.

    Raises:
        InputError: If there is no recording of it.

    Example:
        >>> import ser_fop
        >>> ser_fop.sample("sad").name
        'synthetic_sad.flac'
    """
    found = {path.stem.removeprefix("synthetic_"): path for path in Path(str(_ROOT)).glob("synthetic_*.flac")}
    if emotion not in found:
        raise InputError(f"sample expected one of {', '.join(sorted(found))}, received {emotion!r}.")
    return found[emotion]
