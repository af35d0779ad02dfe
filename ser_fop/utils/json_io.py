"""Read and write JSON and text files. Writing is atomic."""

import codecs
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ser_fop.errors import InputError
from ser_fop.utils.renamed import with_present_names

LFS_POINTER = b"version https://git-lfs"
# Metadata of a setting: its value in a stored config of an earlier version, which lacks the setting.
STORED_WITHOUT = "stored_without"

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Convert dataclasses, paths and tuples to the types of JSON and YAML."""
    return msgspec.json.decode(msgspec.json.encode(_with_all_fields(value), enc_hook=_encode))


def _with_all_fields(value: Any) -> Any:
    """Return dataclasses as dictionaries. msgspec itself leaves out fields whose default it did not have to set."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _with_all_fields(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _with_all_fields(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_all_fields(one) for one in value]
    return value


def _encode(value: Any) -> Any:
    """Encode types that msgspec does not support: paths, NumPy scalars and NumPy arrays."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings: the keys become dotted names, such as `model.layers`."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= flattened(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return found


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_text(path, json.dumps(to_plain(value), indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically: a reader sees the complete file or none."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def flush(path: Path) -> None:
    """Force the content of a file to disk, whichever code wrote it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_unicode(path: Path) -> str:
    """Read a text file in UTF-8 or UTF-16, with or without a byte order mark.

    Raises:
        UnicodeDecodeError: If the file has another encoding.
        InputError: If the file is a pointer of Git LFS.
    """
    content = path.read_bytes()
    if content.startswith(LFS_POINTER):
        raise InputError(f"{path} is a Git LFS pointer, not the file: run `git lfs pull`.")
    return content.decode("utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")


def read_json(path: Path) -> Any:
    """Read a JSON file of a run folder and translate former key names.

    Raises:
        InputError: If the file is not valid JSON.
    """
    try:
        return with_present_names(json.loads(read_unicode(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}). Run the stage that wrote it again.") from error


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_if_readable(path: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal; an empty string if the file cannot be read."""
    try:
        return sha256(path)
    except OSError:
        return ""


def value_digest(value: Any) -> str:
    """Return the SHA-256 digest of a JSON value. The order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def from_stored(found: Any, kind: type[T]) -> T:
    """Convert stored settings to a dataclass.

    Args:
        found: Content of a JSON file.
        kind: The dataclass.

    Raises:
        msgspec.ValidationError: If a value has another type, or a setting without default is missing.
    """
    return msgspec.convert(_with_former_values(found, kind), kind)


def _with_former_values(found: Any, kind: type) -> Any:
    """Add the settings that an earlier version did not have, where its value was not today's default."""
    if not isinstance(found, Mapping):
        return found
    filled = dict(found)
    for field in dataclasses.fields(kind):
        if field.name in found and dataclasses.is_dataclass(field.type):
            filled[field.name] = _with_former_values(found[field.name], field.type)
        elif field.name not in found and STORED_WITHOUT in field.metadata:
            filled[field.name] = field.metadata[STORED_WITHOUT]
    return filled


def with_defaults(found: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Add the defaults of missing settings to a stored config.

    An earlier version may have stored the config before a setting existed. Where this version's default differs from
    what that version did, the setting's metadata `STORED_WITHOUT` holds the former value.

    Args:
        found: Stored settings, by name.
        config: Config dataclass of the present version.

    Returns:
        The stored settings and the added defaults, by name.
    """
    filled = dict(found)
    for field in dataclasses.fields(config):
        if dataclasses.is_dataclass(getattr(config, field.name)):
            filled[field.name] = with_defaults(found.get(field.name, {}), getattr(config, field.name))
        elif field.name not in found and field.default is not dataclasses.MISSING:
            filled[field.name] = to_plain(field.metadata.get(STORED_WITHOUT, field.default))
    return filled
