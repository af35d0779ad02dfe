"""Download of CREMA-D from GitHub.

The repository has one Git LFS pointer for each recording. The pointer states its SHA-256 and size.
"""

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
# Largest proportion of listed recordings that may be missing: a few names of the list have no audio.
_MAX_MISSING = 0.01


def fetch_crema_d(folder: Path, *, mirror: str = "", jobs: int = 8) -> dict[str, Any]:
    """Download all recordings as `AudioWAV/NAME.wav`, and `VideoDemographics.csv`.

    Args:
        folder: Target folder. Recordings whose checksum is already correct are not downloaded again.
        mirror: Address of a host with the same paths; empty for the publisher.
        jobs: Number of parallel downloads.

    Returns:
        `files`: the number of recordings; `missing`: the listed names that have no audio.

    Raises:
        InputError: If a file cannot be downloaded, or more than 1 % of the listed recordings have no audio.
    """
    (folder / "AudioWAV").mkdir(parents=True, exist_ok=True)
    (folder / _GENDERS).unlink(missing_ok=True)
    fetch(mirrored(_RAW + _GENDERS, mirror), folder / _GENDERS)
    table = csv.DictReader(io.StringIO(fetch_text(mirrored(_RAW + _LIST, mirror))))
    names = sorted({(row.get("FileName") or "").strip() for row in table} - {""})
    if not names:
        raise InputError(f"{_RAW + _LIST} expected a column FileName with names, received none. See {PAGE}.")

    pointers_file = folder / ".pointers.json"
    pointers: dict[str, list] = read_json(pointers_file) if pointers_file.exists() else {}

    def fetch_one(name: str) -> bool:
        return _fetch_one(name, folder / "AudioWAV" / f"{name}.wav", mirror, pointers)

    try:
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            found = list(
                tqdm(
                    _ordered_results(pool, fetch_one, names),
                    total=len(names),
                    unit="file",
                    desc="CREMA-D",
                    disable=None,
                )
            )
    finally:
        write_json(pointers_file, dict(pointers))  # the next call then needs no request for these pointers
    missing = [name for name, exists in zip(names, found, strict=True) if not exists]
    if len(missing) > _MAX_MISSING * len(names):
        raise InputError(
            f"{len(missing)} of {len(names)} recordings are not where {PAGE} lists them; the first is {missing[0]}."
        )
    return {"files": len(names) - len(missing), "missing": missing}


def _ordered_results(pool: ThreadPoolExecutor, call: Any, items: list[str]) -> Iterator[Any]:
    """Yield the results in the order of the items; after a failure, cancel the calls that have not started."""
    futures = [pool.submit(call, item) for item in items]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _fetch_one(name: str, path: Path, mirror: str, pointers: dict[str, list]) -> bool:
    if not re.fullmatch(r"\w+", name):
        raise InputError(
            f"the list of CREMA-D expected names of letters, digits and underscores, received {name!r}. See {PAGE}."
        )
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
    if not (path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest):
        fetch(mirrored(f"{_SOUND}AudioWAV/{name}.wav", mirror), path, checksum=("sha256", digest), size=size)
    return True
