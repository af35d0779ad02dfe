"""CREMA-D, which GitHub holds file by file: each has a pointer that states its SHA-256."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ser_fop.corpora.downloads.fetching import fetch, fetch_text
from ser_fop.corpora.downloads.sources import mirrored
from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_json, write_json

PAGE = "https://github.com/CheyneyComputerScience/CREMA-D"
_RAW = "https://raw.githubusercontent.com/CheyneyComputerScience/CREMA-D/master/"
_SOUND = "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master/"
_LIST, _GENDERS = "processedResults/summaryTable.csv", "VideoDemographics.csv"
_POINTER = re.compile(r"oid sha256:([0-9a-f]{64})\s+size (\d+)")
# A few names of the list have no sound.
_MOST_MISSING = 0.01


def fetch_crema_d(folder: Path, *, mirror: str = "", jobs: int = 8) -> dict[str, Any]:
    """Fetch every recording, as `AudioWAV/NAME.wav`, and `VideoDemographics.csv`.

    Args:
        folder: Where to; what is there already, and right, is left alone.
        mirror: Another host with the same paths.
        jobs: Files at a time.

    Returns:
        `files`, and the `missing` names: on the list, without sound.

    Raises:
        InputError: If the list or more than one in a hundred recordings cannot be had.
    """
    (folder / "AudioWAV").mkdir(parents=True, exist_ok=True)
    (folder / _GENDERS).unlink(missing_ok=True)
    fetch(mirrored(_RAW + _GENDERS, mirror), folder / _GENDERS)
    table = csv.DictReader(io.StringIO(fetch_text(mirrored(_RAW + _LIST, mirror))))
    names = sorted({(row.get("FileName") or "").strip() for row in table} - {""})
    if not names:
        raise InputError(f"{_RAW + _LIST} expected a column FileName with names, received none. See {PAGE}.")

    kept = folder / ".pointers.json"
    pointers: dict[str, list] = read_json(kept) if kept.exists() else {}

    def one(name: str) -> bool:
        return _fetch_one(name, folder / "AudioWAV" / f"{name}.wav", mirror, pointers)

    try:
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            found = list(tqdm(_in_order(pool, one, names), total=len(names), unit="file", desc="CREMA-D", disable=None))
    finally:
        write_json(kept, dict(pointers))  # what is whole needs no further question
    missing = [name for name, there in zip(names, found, strict=True) if not there]
    if len(missing) > _MOST_MISSING * len(names):
        raise InputError(
            f"{len(missing)} of {len(names)} recordings are not where {PAGE} had them, first {missing[0]}."
        )
    return {"files": len(names) - len(missing), "missing": missing}


def _in_order(pool: ThreadPoolExecutor, call: Any, items: list[str]) -> Iterator[Any]:
    """Give the results; after the first failure, what has not begun is dropped."""
    waiting = [pool.submit(call, item) for item in items]
    try:
        for future in waiting:
            yield future.result()
    finally:
        for future in waiting:
            future.cancel()


def _fetch_one(name: str, place: Path, mirror: str, pointers: dict[str, list]) -> bool:
    if not re.fullmatch(r"\w+", name):
        raise InputError(f"the list of CREMA-D holds the name {name!r}, which is none of a recording.")
    if name not in pointers:
        try:
            pointer = _POINTER.search(fetch_text(mirrored(f"{_RAW}AudioWAV/{name}.wav", mirror)))
        except FileNotFoundError:
            return False
        if pointer is None:
            raise InputError(
                f"{_RAW}AudioWAV/{name}.wav expected a Git LFS pointer, received something else. See {PAGE}."
            )
        pointers[name] = [pointer[1], int(pointer[2])]
    digest, size = pointers[name]
    if not (place.exists() and hashlib.sha256(place.read_bytes()).hexdigest() == digest):
        fetch(mirrored(f"{_SOUND}AudioWAV/{name}.wav", mirror), place, checksum=("sha256", digest), size=size)
    return True
