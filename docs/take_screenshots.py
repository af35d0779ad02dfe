"""Take the screenshots of the gallery: `python docs/take_screenshots.py RUN`.

RUN is a finished folder of `ser-fop reproduce`. The script starts `ser-fop serve` and TensorBoard on this machine, looks at
them in Chromium, and writes docs/pictures/*.png with few colours. It needs the extras `serve` and `dev`.
"""

import contextlib
import io
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from svg_parts import PICTURES

_SIZE = {"width": 1100, "height": 760}
_COLOURS = 96
_START_S = 120


@contextlib.contextmanager
def _server(*command: str, path: str = "/") -> Iterator[str]:
    """Start a server on a free port, wait until it answers, and stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(_START_S):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address + path, timeout=5).close()
                break
            time.sleep(1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def live_page(page: Page, _run: Path) -> None:
    """Show the page of `ser-fop serve` with a sample as a stream."""
    with _server("ser-fop", "serve", "emotion-stream", path="/healthz") as address:
        page.goto(address)
        page.locator("#sample").select_option(index=2)
        page.locator("#play").click(timeout=60_000)
        page.wait_for_timeout(2500)
        _keep(page, "live_page")


def tensorboard(page: Page, run: Path) -> None:
    """Show the training curves of a pretraining."""
    with _server(
        str(Path(sys.executable).with_name("tensorboard")), "--logdir", str(run / "runs" / "seed-0")
    ) as address:
        page.goto(f"{address}/#timeseries")
        page.wait_for_timeout(9000)
        _keep(page, "tensorboard")


def report(page: Page, run: Path) -> None:
    """Show the beginning of the report of `reproduce`."""
    page.goto((run / "report" / "index.html").resolve().as_uri())
    page.wait_for_timeout(1000)
    _keep(page, "report")


def _keep(page: Page, name: str) -> None:
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)
    print(f"docs/pictures/{name}.png")


def main(run: Path) -> None:
    """Take all screenshots."""
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"args": ["--no-sandbox"]}
        if found := shutil.which("chromium"):
            options["executable_path"] = found
        browser = playwright.chromium.launch(**options)
        for take in (report, live_page, tensorboard):
            take(browser.new_page(viewport=_SIZE), run)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
