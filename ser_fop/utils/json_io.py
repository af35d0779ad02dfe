"""JSON and text on disk: whole or absent."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ser_fop.errors import InputError
from ser_fop.utils.renamed import with_present_names


def to_plain(value: Any) -> Any:
    """Turn dataclasses, paths and tuples into what JSON and YAML hold."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_encode))


def _encode(value: Any) -> Any:
    """Encode what msgspec does not know: paths, and NumPy scalars and arrays."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by dotted name."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= flattened(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return found


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON, atomically."""
    write_text(path, json.dumps(to_plain(value), indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees all of it or none."""
    beside = path.with_name(f".{path.name}.tmp")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def flush(path: Path) -> None:
    """Let what others wrote reach the disk before it counts as done."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """Read a JSON file of a run folder, former key names translated.

    Raises:
        InputError: If it is not JSON.
    """
    try:
        return with_present_names(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid JSON ({error}). Run the stage that wrote it again.") from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def value_digest(value: Any) -> str:
    """Return the SHA-256 of what JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def with_defaults(found: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Return what was written of a config, with the defaults of settings that did not exist then.

    Args:
        found: What was written, by name.
        config: A config of today.
    """
    filled = dict(found)
    for field in dataclasses.fields(config):
        if dataclasses.is_dataclass(getattr(config, field.name)):
            filled[field.name] = with_defaults(found.get(field.name, {}), getattr(config, field.name))
        elif field.name not in found and field.default is not dataclasses.MISSING:
            filled[field.name] = to_plain(field.default)
    return filled
