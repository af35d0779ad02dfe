"""The audio files of a records folder, by which a later call finds out what has changed."""

import csv
import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ser_fop.corpora.base import Listing
from ser_fop.corpora.schema import QUARANTINE_COLUMNS, UTTERANCES, Utterance, read_rows
from ser_fop.data.records import MANIFEST, QUARANTINE
from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_json, sha256_if_readable
from ser_fop.utils.remote import is_remote, translate_fs_errors

SOURCES = "sources.csv"
# What a store calls the version of a file, whichever it has.
_VERSION_KEYS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "created")
_SHOWN = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """One audio file.

    Attributes:
        file: Path relative to the corpus folder.
        size: Size in bytes; -1 for a file that does not exist.
        version: Time of the last change in nanoseconds, or the version that a store states.
        digest: SHA-256 of the content; empty for a file behind a URL.
    """

    file: str
    size: int
    version: str
    digest: str = ""


def scan(files: Collection[str], folder: Path) -> dict[str, Source]:
    """Return size and version of files, without reading them.

    Args:
        files: Paths relative to `folder`.
        folder: Folder of the corpus, at a path or a URL.
    """
    if is_remote(folder):
        with translate_fs_errors(folder):
            found = folder.fs.find(folder.path, detail=True)
        root = folder.path.rstrip("/")
        stated = {name.removeprefix(root).lstrip("/"): entry for name, entry in found.items()}
        return {file: _remote_source(file, stated.get(file)) for file in files}
    return {file: _local_source(file, folder / file) for file in files}


def with_digests(sources: Mapping[str, Source], folder: Path) -> dict[str, Source]:
    """Read local files and add their digests; files behind a URL have none."""
    if is_remote(folder):
        return dict(sources)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        digests = pool.map(lambda file: sha256_if_readable(folder / file), sources)
        return {
            file: dataclasses.replace(source, digest=digest)
            for (file, source), digest in zip(sources.items(), digests, strict=True)
        }


def write_sources(path: Path, sources: Iterable[Source]) -> None:
    """Write `sources.csv`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Source)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(source) for source in sorted(sources, key=lambda source: source.file))


def read_sources(folder: Path) -> dict[str, Source]:
    """Return the sources of a records folder by file; empty for a folder of version 0.1.0."""
    path = folder / SOURCES
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["file"]: Source(**{**row, "size": int(row["size"])}) for row in csv.DictReader(file)}


def require_same_sources(records: Path, listing: Listing, *, folder: Path) -> None:
    """Compare a finished records folder with the corpus as it is now.

    Args:
        records: Records folder.
        listing: Utterances of the corpus now.
        folder: Folder of the corpus now. It may have another path than when it was prepared.

    Raises:
        InputError: If utterances, labels or audio differ. The message says what.
    """
    changes = [*_changed_utterances(records, listing), *changed_audio(records, folder)]
    if changes:
        raise InputError(
            f"{records} was prepared from other input: {'; '.join(changes)}."
            " Choose another --out, or remove that folder to prepare it again."
        )


def changed_audio(records: Path, folder: Path) -> list[str]:
    """Return what differs between the audio of a records folder and the files now, in a few words."""
    before = read_sources(records)
    now = scan(before, folder)
    suspects = {
        file: source
        for file, source in now.items()
        if (source.size, source.version) != (before[file].size, before[file].version)
    }
    resized = {file for file, source in suspects.items() if source.size != before[file].size}
    # A copy of a file has another time and the same content.
    read = with_digests({file: source for file, source in suspects.items() if file not in resized}, folder)
    changed = sorted(resized | {file for file, source in read.items() if _differs(before[file], source)})
    missing = [file for file in changed if now[file].size < 0]
    return [
        *_worded("audio file is missing", "audio files are missing", missing),
        *_worded("audio file has changed", "audio files have changed", [one for one in changed if one not in missing]),
    ]


def _differs(before: Source, now: Source) -> bool:
    """Compare two versions of a file of equal size, of which the time or the version differs."""
    if before.digest and now.digest:
        return before.digest != now.digest
    # Both are behind a URL, or one is a copy of the other, of which the size alone can be compared.
    return not before.digest and not now.digest


def _changed_utterances(records: Path, listing: Listing) -> list[str]:
    """Return what differs between the utterances of a records folder and those of the corpus."""
    with (records / QUARANTINE).open(newline="", encoding="utf-8") as file:
        quarantined = {row[QUARANTINE_COLUMNS[0]] for row in csv.DictReader(file)}
    before = {row.id: row for row in read_rows(records / UTTERANCES)}
    now = {utterance.id: utterance for utterance in listing.utterances}
    changed = [
        f"{name} ({difference})"
        for name in sorted(set(before) & set(now))
        if (difference := _difference(before[name], now[name]))
    ]
    labels = tuple(read_json(records / MANIFEST)["labels"])
    return [
        *(
            [f"the labels were {', '.join(labels)}, now {', '.join(listing.labels)}"]
            if labels != listing.labels
            else []
        ),
        *_worded("utterance was added", "utterances were added", sorted(set(now) - set(before) - quarantined)),
        *_worded("utterance was removed", "utterances were removed", sorted((set(before) | quarantined) - set(now))),
        *_worded("utterance has changed", "utterances have changed", changed),
    ]


def _difference(before: Any, now: Utterance) -> str:
    """Return the first field in which an utterance differs from its row; an empty string if there is none."""
    for field in dataclasses.fields(Utterance):
        if field.name == "columns" and not before.columns:  # records of older versions have none
            continue
        old, new = (_stored(getattr(one, field.name)) for one in (before, now))
        if str(old) != str(new):
            return f"{field.name} was {old!r}, now {new!r}"
    return ""


def _stored(value: Any) -> Any:
    """Return a value as the table stores it: None and a column that an utterance lacks are blank."""
    if isinstance(value, tuple):
        return {name: text for name, text in value if text}
    return "" if value is None else value


def _worded(one: str, several: str, names: Sequence[str]) -> list[str]:
    """Return a list with the number of names and the first of them; empty without names."""
    if not names:
        return []
    shown = ", ".join(names[:_SHOWN]) + (" .." if len(names) > _SHOWN else "")
    return [f"{len(names)} {one if len(names) == 1 else several}: {shown}"]


def _local_source(file: str, path: Path) -> Source:
    try:
        found = os.stat(path)
    except OSError:
        return Source(file=file, size=-1, version="")
    return Source(file=file, size=found.st_size, version=str(found.st_mtime_ns))


def _remote_source(file: str, entry: Mapping[str, Any] | None) -> Source:
    if entry is None:
        return Source(file=file, size=-1, version="")
    version = next((str(entry[key]) for key in _VERSION_KEYS if entry.get(key)), "")
    return Source(file=file, size=int(entry.get("size") or 0), version=version)
