"""Download of one file over HTTP, with resumption, retries and a checksum."""

import hashlib
import http.client
import json
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tqdm import tqdm

import ser_fop
from ser_fop.errors import InputError
from ser_fop.utils.json_io import write_json

TIMEOUT_S = 60.0
ATTEMPTS = 5
_BLOCK = 1 << 20
_PARTIAL, _STATE = ".partial", ".partial.json"
# Errors that a further attempt may resolve. HTTP errors are handled separately.
_TRANSIENT = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def fetch(
    url: str,
    place: Path,
    *,
    checksum: tuple[str, str] | None = None,
    size: int = 0,
    page: str = "",
    wait_s: float = 2.0,
) -> dict[str, Any]:
    """Download a file, or the missing rest of an interrupted download.

    Args:
        url: Address of the file.
        place: Target path. Until the download is complete, the data is in `NAME.partial` in the same folder.
        checksum: Algorithm and hexadecimal digest; None if the publisher states none.
        size: Size in bytes; 0 if the publisher states none.
        page: The publisher's page, which the error message names if the server refuses.
        wait_s: Seconds before the second attempt. The wait doubles before each further attempt.

    Returns:
        `url`, `bytes` (the size of the file) and `sha256`.

    Raises:
        InputError: If the server refuses the request or cannot be reached in five attempts, if the disk has too
            little space, or if the file has another size or checksum than stated.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():  # a step after the download was interrupted
        digests = _digests(place, {"sha256", *(checksum[:1] if checksum else ())})
        if not checksum or digests[checksum[0]] == checksum[1]:
            return {"url": url, "bytes": place.stat().st_size, "sha256": digests["sha256"]}
    partial = place.with_name(place.name + _PARTIAL)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _resume(url, partial, size=size)
            break
        except urllib.error.HTTPError as error:
            if not _is_transient(error) or attempt == ATTEMPTS:
                hint = f" Its publisher's page is {page}." if page else ""
                raise InputError(f"{url} answered {error.code} {error.reason}.{hint}") from error
            wait_s = _retry_wait_s(error, wait_s)
        except _TRANSIENT as error:
            if attempt == ATTEMPTS:
                raise InputError(
                    f"{url} could not be downloaded in {ATTEMPTS} attempts ({error}). Run the same command again: it"
                    " resumes after the bytes that were received."
                ) from error
        time.sleep(wait_s * 2 ** (attempt - 1))
    digests = _digests(partial, {"sha256", *(checksum[:1] if checksum else ())})
    received = partial.stat().st_size
    if checksum and digests[checksum[0]] != checksum[1]:
        _remove_partial(partial)
        raise InputError(
            f"{url} expected {checksum[0]} {checksum[1]}, received {digests[checksum[0]]}: the file was damaged in"
            " transfer, or is not the published one. It has been removed; try again."
        )
    partial.replace(place)
    _remove_partial(partial)
    return {"url": url, "bytes": received, "sha256": digests["sha256"]}


def fetch_text(url: str, *, wait_s: float = 2.0) -> str:
    """Download a small text file.

    Args:
        url: Address of the file.
        wait_s: Seconds before the second attempt. The wait doubles before each further attempt.

    Raises:
        FileNotFoundError: If the server answers 404.
        InputError: If the server refuses the request or cannot be reached in five attempts.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _open(url) as response:
                return response.read().decode("utf-8", errors="replace")
        except urllib.error.HTTPError as error:
            if error.code == http.client.NOT_FOUND:
                raise FileNotFoundError(url) from error
            if not _is_transient(error) or attempt == ATTEMPTS:
                raise InputError(f"{url} answered {error.code} {error.reason}.") from error
            wait_s = _retry_wait_s(error, wait_s)
        except _TRANSIENT as error:
            if attempt == ATTEMPTS:
                raise InputError(f"{url} could not be downloaded in {ATTEMPTS} attempts ({error}).") from error
        time.sleep(wait_s * 2 ** (attempt - 1))
    raise AssertionError


def _resume(url: str, partial: Path, *, size: int) -> None:
    """Download the missing rest of a file.

    The whole file is downloaded if the server cannot resume, or if the file on the server has changed.
    """
    state = partial.with_name(partial.name.removesuffix(_PARTIAL) + _STATE)
    stored = _state(state) if partial.exists() else {}
    received = partial.stat().st_size if stored.get("url") == url and stored.get("tag") else 0
    if received and received == stored["bytes"]:
        return
    headers = {"Range": f"bytes={received}-", "If-Range": stored["tag"]} if received else {}
    with _open(url, headers) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            received = 0
        total = received + int(response.headers.get("Content-Length") or 0)
        if size and total and total != size:
            raise InputError(f"{url} expected {size} bytes, the server states {total}: it is not the published file.")
        free = shutil.disk_usage(partial.parent).free
        if total - received > free:
            raise InputError(
                f"{partial.parent} has {free / 1e9:.1f} GB free; {url} needs {(total - received) / 1e9:.1f}."
            )
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        if tag.startswith("W/"):  # a weak ETag does not guarantee equal bytes
            tag = ""
        write_json(state, {"url": url, "tag": tag, "bytes": total})
        bar = tqdm(
            total=total or None,
            initial=received,
            unit="B",
            unit_scale=True,
            desc=partial.stem,
            disable=None,
            leave=False,
        )
        with partial.open("ab" if received else "wb") as file, bar:
            while block := response.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
    if total and partial.stat().st_size < total:
        raise ConnectionError(f"{partial.stat().st_size} of {total} bytes arrived")


def _is_transient(error: urllib.error.HTTPError) -> bool:
    """Return whether a later request may succeed: the server failed, timed out or limits the request rate."""
    return error.code >= 500 or error.code in (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)


def _retry_wait_s(error: urllib.error.HTTPError, wait_s: float) -> float:
    """Return the server's `Retry-After` in seconds, at most 60, or `wait_s` if it states none."""
    retry_after = error.headers.get("Retry-After", "")
    return min(60.0, float(retry_after)) if retry_after.isdecimal() else wait_s


def _state(path: Path) -> dict[str, Any]:
    """Return the stored state of a partial file; empty if it is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _open(url: str, headers: dict[str, str] | None = None) -> Any:
    headers = {"User-Agent": f"ser_fop/{ser_fop.__version__}", **(headers or {})}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)


def _digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    sums = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for digest in sums.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in sums.items()}


def _remove_partial(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_name(partial.name.removesuffix(_PARTIAL) + _STATE).unlink(missing_ok=True)
