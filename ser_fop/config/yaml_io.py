"""Read YAML config files."""

import dataclasses
import re
import sys
import typing
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
import yaml

from ser_fop.errors import InputError, closest
from ser_fop.utils.json_io import read_unicode
from ser_fop.utils.remote import location
from ser_fop.utils.renamed import with_present_names

Config = TypeVar("Config")
# A search space has hundreds of values.
_MOST_VALUES = 10_000
_INT = "tag:yaml.org,2002:int"


class _Loader(yaml.SafeLoader):
    """Safe loader that reads `1e-3` as a number, and neither `010` as 8 nor `1:30` as 90, as YAML 1.1 does."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of keys and values, and translate former key names.

    Raises:
        InputError: If the file is missing, is not valid YAML, or is not a mapping.
    """
    if not path.is_file():
        raise InputError(f"--config expected a YAML file, but {path} does not exist.")
    try:
        values = yaml.load(read_unicode(path), Loader=_Loader)
        _check_size(values)
    # Impossible dates and numbers are a ValueError, deep nesting is a RecursionError.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise InputError(f"{path} expected a mapping of keys to values, received a {type(values).__name__}.")
    return with_present_names(values or {}, note=lambda former, present: _note(path, former, present))


def _check_size(value: Any) -> None:
    """Raise a `ValueError` for a value that contains itself, or that aliases make very large, as YAML allows."""
    pending, count = [value], 0
    while pending:
        one = pending.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"expected at most {_MOST_VALUES} values, received more")
        pending += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def _note(path: Path, former: str, present: str) -> None:
    print(f"note: {path}: {former!r} is now {present!r}. The next release removes the former name.", file=sys.stderr)


def from_mapping(
    config_type: type[Config], values: dict[str, Any], *, where: str, prefix: str = "", missing: Any = None
) -> Config:
    """Build a config from YAML values. Other fields keep their defaults.

    Args:
        config_type: Config dataclass. Its groups of settings are dataclasses too.
        values: Values by key.
        where: Path of the file, for messages.
        prefix: Prefix of the group that contains the values, for messages.
        missing: Value of a field that has no default and is not in `values`.

    Raises:
        InputError: If a key is unknown, or a value has the wrong type.
    """
    fields = {field.name: field for field in dataclasses.fields(config_type)}
    for key in values:
        if key not in fields:
            raise InputError(
                f"{where}: unknown key {prefix + str(key)!r}: expected one of {', '.join(fields)}."
                + (_hint(config_type, str(key)) or closest(str(key), fields))
            )
    built: dict[str, Any] = {}
    for name, field in fields.items():
        if dataclasses.is_dataclass(field.type):
            nested = values.get(name) or {}
            if not isinstance(nested, dict):
                raise InputError(f"{where}: {prefix}{name} expected a mapping, received {nested!r}.")
            built[name] = from_mapping(field.type, nested, where=where, prefix=f"{prefix}{name}.", missing=missing)
        elif name in values:
            value = values[name]
            if field.type is str and isinstance(value, int) and not isinstance(value, bool):
                value = str(value)  # `fold: 0` needs no quotes
            if typing.get_origin(field.type) is tuple and isinstance(value, str):
                value = [value]  # `records: records/mine` needs no brackets
            try:
                found = msgspec.convert(value, field.type, dec_hook=_decode)
                built[name] = _located(found, value)
            except msgspec.ValidationError as error:
                raise InputError(f"{where}: {prefix}{name}: {error}, received {values[name]!r}.") from error
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            built[name] = missing
    return config_type(**built)


def _hint(config_type: type, key: str) -> str:
    """Name the groups of settings that have a key; an empty string if none has."""
    paths = _paths_of(config_type, key.replace("-", "_"))
    return f" Write it as {' or '.join(repr(path) for path in paths)}, inside its group." if paths else ""


def _paths_of(config_type: type, key: str, prefix: str = "") -> list[str]:
    """Return the dotted names of a key in the nested groups of a config."""
    found = []
    for field in dataclasses.fields(config_type):
        if dataclasses.is_dataclass(field.type):
            names = {one.name for one in dataclasses.fields(field.type)}
            found += [f"{prefix}{field.name}.{key}"] if key in names else []
            found += _paths_of(field.type, key, f"{prefix}{field.name}.")
    return found


def _located(found: Any, given: Any) -> Any:
    """Replace each path by `location` of its text, because msgspec does not create the `UPath` of a URL."""
    if isinstance(found, Path):
        return location(given)
    if isinstance(found, tuple):
        return tuple(_located(one, text) for one, text in zip(found, given, strict=True))
    return found


def _decode(wanted: type, value: Any) -> Any:
    """Decode paths, which msgspec does not support."""
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected `{wanted.__name__}`")
