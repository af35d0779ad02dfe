"""Download of one file over HTTP: it resumes, and counts only once its checksum is right."""

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
# What another attempt may mend; 4xx are answers.
_PASSING = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def fetch(
    url: str,
    place: Path,
    *,
    checksum: tuple[str, str] | None = None,
    size: int = 0,
    page: str = "",
    wait_s: float = 2.0,
) -> dict[str, Any]:
    """Fetch a file, or what is missing of it.

    Args:
        url: Its address.
        place: Where it goes; beside it, until it is whole, `NAME.partial`.
        checksum: Algorithm and hexadecimal digest; None where none is published.
        size: Its bytes, where they are published.
        page: Where to look if the server refuses.
        wait_s: Seconds before the second attempt; twice as long before each further one.

    Returns:
        `url`, `bytes` and `sha256`.

    Raises:
        InputError: If the server refuses, is not reached in five attempts, the disk is too small, or the file is
            another one than was published.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():  # what follows was interrupted
        digests = _digests(place, {"sha256", *(checksum[:1] if checksum else ())})
        if not checksum or digests[checksum[0]] == checksum[1]:
            return {"url": url, "bytes": place.stat().st_size, "sha256": digests["sha256"]}
    partial = place.with_name(place.name + _PARTIAL)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _continue(url, partial, size=size)
            break
        except urllib.error.HTTPError as error:
            if not _passes(error) or attempt == ATTEMPTS:
                see = f" Its publisher's page is {page}." if page else ""
                raise InputError(f"{url} answered {error.code} {error.reason}.{see}") from error
            wait_s = _asked_to_wait(error, wait_s)
        except _PASSING as error:
            if attempt == ATTEMPTS:
                raise InputError(
                    f"{url} was not reached, or broke off, {ATTEMPTS} times ({error}). What has arrived is kept: the"
                    " same command goes on from there."
                ) from error
        time.sleep(wait_s * 2 ** (attempt - 1))
    digests = _digests(partial, {"sha256", *(checksum[:1] if checksum else ())})
    received = partial.stat().st_size
    if checksum and digests[checksum[0]] != checksum[1]:
        _forget(partial)
        raise InputError(
            f"{url} expected {checksum[0]} {checksum[1]}, received {digests[checksum[0]]}: it broke on its way, or is"
            " another file than was published. What arrived has been removed; try again."
        )
    partial.replace(place)
    _forget(partial)
    return {"url": url, "bytes": received, "sha256": digests["sha256"]}


def fetch_text(url: str, *, wait_s: float = 2.0) -> str:
    """Fetch a small text.

    Raises:
        FileNotFoundError: If there is none at the address.
        InputError: If it is not reached.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _opened(url) as answer:
                return answer.read().decode("utf-8", errors="replace")
        except urllib.error.HTTPError as error:
            if error.code == http.client.NOT_FOUND:
                raise FileNotFoundError(url) from error
            if not _passes(error) or attempt == ATTEMPTS:
                raise InputError(f"{url} answered {error.code} {error.reason}.") from error
            wait_s = _asked_to_wait(error, wait_s)
        except _PASSING as error:
            if attempt == ATTEMPTS:
                raise InputError(f"{url} was not reached {ATTEMPTS} times ({error}).") from error
        time.sleep(wait_s * 2 ** (attempt - 1))
    raise AssertionError


def _continue(url: str, partial: Path, *, size: int) -> None:
    """Fetch what is missing of a file, all of it where the server cannot go on or has another one by now."""
    state = partial.with_name(partial.name.removesuffix(_PARTIAL) + _STATE)
    known = _state(state) if partial.exists() else {}
    have = partial.stat().st_size if known.get("url") == url and known.get("tag") else 0
    if have and have == known["bytes"]:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": known["tag"]} if have else {}
    with _opened(url, headers) as answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        if size and total and total != size:
            raise InputError(f"{url} expected {size} bytes, received word of {total}: it is another file.")
        free = shutil.disk_usage(partial.parent).free
        if total - have > free:
            raise InputError(f"{partial.parent} has {free / 1e9:.1f} GB free; {url} needs {(total - have) / 1e9:.1f}.")
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        if tag.startswith("W/"):  # a weak one promises no equal bytes
            tag = ""
        write_json(state, {"url": url, "tag": tag, "bytes": total})
        bar = tqdm(
            total=total or None, initial=have, unit="B", unit_scale=True, desc=partial.stem, disable=None, leave=False
        )
        with partial.open("ab" if have else "wb") as file, bar:
            while block := answer.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
    if total and partial.stat().st_size < total:
        raise ConnectionError(f"{partial.stat().st_size} of {total} bytes arrived")


def _passes(error: urllib.error.HTTPError) -> bool:
    """Tell whether a refusal may be another answer later: the server failed, or has been asked too often."""
    return error.code >= 500 or error.code in (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)


def _asked_to_wait(error: urllib.error.HTTPError, wait_s: float) -> float:
    """Return how long to wait: what the server says in seconds, within a minute."""
    said = error.headers.get("Retry-After", "")
    return min(60.0, float(said)) if said.isdecimal() else wait_s


def _state(path: Path) -> dict[str, Any]:
    """Return what is known of a partial file; nothing where it cannot be read, and it begins anew."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _opened(url: str, headers: dict[str, str] | None = None) -> Any:
    headers = {"User-Agent": f"ser_fop/{ser_fop.__version__}", **(headers or {})}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)


def _digests(path: Path, algorithms: set[str]) -> dict[str, str]:
    sums = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for one in sums.values():
                one.update(block)
    return {name: one.hexdigest() for name, one in sums.items()}


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_name(partial.name.removesuffix(_PARTIAL) + _STATE).unlink(missing_ok=True)
