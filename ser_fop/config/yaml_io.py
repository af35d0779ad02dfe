"""YAML as people write it."""

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from ser_fop.errors import InputError, closest
from ser_fop.utils.remote import location
from ser_fop.utils.renamed import with_present_names

Config = TypeVar("Config")


class _Loader(yaml.SafeLoader):
    """A safe loader for which `1e-3` is a number: YAML 1.1 asks for `1.0e-3`."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping.

    Raises:
        InputError: If the file is missing, or holds something else.
    """
    if not path.is_file():
        raise InputError(f"the config file {path} does not exist.")
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise InputError(f"{path} expected a mapping of keys to values, received a {type(values).__name__}.")
    return with_present_names(values or {}, note=lambda former, present: _note(path, former, present))


def _note(path: Path, former: str, present: str) -> None:
    print(f"note: {path}: {former!r} is now {present!r}; the former name goes with the next release.", file=sys.stderr)


def from_mapping(
    config_type: type[Config], values: dict[str, Any], *, where: str, prefix: str = "", missing: Any = None
) -> Config:
    """Build a config from YAML values; what they do not say keeps its default.

    Args:
        config_type: A dataclass; groups of settings in it are dataclasses too.
        values: The values.
        where: The file, for messages.
        prefix: The group that they belong to.
        missing: What stands for a field that has no default and is not said.

    Raises:
        InputError: If a key is unknown, or a value of the wrong type.
    """
    fields = {field.name: field for field in dataclasses.fields(config_type)}
    for key in values:
        if key not in fields:
            raise InputError(
                f"{where}: unknown key {prefix + str(key)!r}: expected one of {', '.join(fields)}.{closest(str(key), fields)}"
            )
    built: dict[str, Any] = {}
    for name, field in fields.items():
        if dataclasses.is_dataclass(field.type):
            nested = values.get(name) or {}
            if not isinstance(nested, dict):
                raise InputError(f"{where}: {prefix}{name} expected a mapping, received {nested!r}.")
            built[name] = from_mapping(field.type, nested, where=where, prefix=f"{prefix}{name}.", missing=missing)
        elif name in values:
            try:
                found = msgspec.convert(values[name], field.type, dec_hook=_decode)
                built[name] = _located(found, values[name])
            except msgspec.ValidationError as error:
                raise InputError(f"{where}: {prefix}{name}: {error}, received {values[name]!r}.") from error
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            built[name] = missing
    return config_type(**built)


def _located(found: Any, given: Any) -> Any:
    """Put what the given text names in the place of each path: msgspec takes none for a URL, which is no `Path`."""
    if isinstance(found, Path):
        return location(given)
    if isinstance(found, tuple):
        return tuple(_located(one, text) for one, text in zip(found, given, strict=True))
    return found


def _decode(wanted: type, value: Any) -> Any:
    """Decode what msgspec does not know: paths."""
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected `{wanted.__name__}`")
