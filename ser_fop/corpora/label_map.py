"""Common names of emotions, for training on several corpora."""

import importlib.resources
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from ser_fop.errors import InputError, closest

UNLABELLED = "unlabelled"


class LabelMap:
    """Common names of emotions, by the names that corpora use.

    Args:
        names: Names of corpora by common name. The names under `unlabelled` have no common name.
        source: Name of the file, for messages.

    Raises:
        InputError: If a name has two common names.

    Example:
        >>> LabelMap({"happy": ["joy"], "unlabelled": ["other"]}, source="mine.yaml").common("Joy")
        'happy'
    """

    def __init__(self, names: Mapping[str, Iterable[str]], *, source: str) -> None:
        self.source = source
        self.labels = tuple(common for common in names if common != UNLABELLED)
        self._common: dict[str, str] = {}
        for common, theirs in names.items():
            for name in {plain_label(common), *(plain_label(one) for one in theirs)}:
                if name in self._common:
                    raise InputError(
                        f"{source} expected each name once, received {name!r} under {self._common[name]!r} and"
                        f" {common!r}. Remove it from one of them."
                    )
                self._common[name] = common

    def common(self, name: str) -> str:
        """Return the common name of a corpus's label; an empty string if it has none.

        Args:
            name: Label of a corpus.

        Raises:
            InputError: If the map does not contain the label.
        """
        found = self._common.get(plain_label(name))
        if found is None:
            raise InputError(
                f"{self.source} expected to contain the label {name!r} of a corpus, and does not.{closest(name, self._common)}"
                f" Add it to one of {', '.join(self.labels)} or to {UNLABELLED}, in a file for --label-map."
            )
        return "" if found == UNLABELLED else found


def published_label_map() -> Path:
    """Return the path of the published label map, which has eight common names."""
    return Path(str(importlib.resources.files("ser_fop.corpora") / "label_maps" / "common.yaml"))


def read_label_map(path: Path | None) -> LabelMap:
    """Read a label map.

    Args:
        path: YAML file with a list of names by common name; None for the published map, which has eight common names.

    Raises:
        InputError: If the file is missing or is not a label map.
    """
    source = str(path or "the published label map")
    try:
        names = yaml.safe_load((path or published_label_map()).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"--label-map expected a YAML file, but {path} does not exist. Check the path.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{source} cannot be read as YAML ({' '.join(str(error).split())}). Check the file.") from None
    if not (isinstance(names, dict) and names and all(map(_is_list_of_names, names.items()))):
        raise InputError(
            f"{source} expected a list of names by common name, such as `happy: [hap, joy]`, received something else."
            " Write names that YAML would read as a number or as true or false in quotes."
        )
    return LabelMap(names, source=source)


def plain_label(name: str) -> str:
    """Return the form in which a label map compares names: without surrounding spaces and case."""
    return name.strip().casefold()


def _is_list_of_names(entry: tuple) -> bool:
    common, theirs = entry
    return isinstance(common, str) and isinstance(theirs, list) and all(isinstance(name, str) for name in theirs)
