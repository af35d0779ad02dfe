"""Photograph the pages that the commands show: `python docs/draw_screens.py [NAME ..] [--run FOLDER]`.

- `live`: the page of `ser-fop serve` while Chromium plays recordings of the package as its microphone.
- `report`: the report of a folder of `make reproduce`.
- `tensorboard`: the curves of the pretraining in that folder.

It needs Chromium, and the extras `dev` and `serve`.
"""

import argparse
import contextlib
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from svg_parts import PICTURES

import ser_fop
from ser_fop.corpora.audio import read_audio

_RATE_HZ, _PAUSE_S = 16000, 1.2
_SAMPLES = ("neutral", "happy", "angry")
_LIVE_MODEL = "emotion-stream"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def live(page: Page, run: Path) -> None:
    """Show two finished stretches of speech, and the third one while it is spoken."""
    with served(["-m", "ser_fop.pipelines.serve", _LIVE_MODEL]) as address:
        page.goto(address)
        page.wait_for_selector("#live:visible")
        page.click("#live")
        page.wait_for_selector("#stretches li:nth-child(2)", timeout=60_000)
        page.wait_for_function("document.querySelector('#live-share').textContent.includes('%')")
        page.wait_for_timeout(500)
        page.evaluate("scrollTo(0, 0)")
        save(page.screenshot(full_page=True), "live")


def report(page: Page, run: Path) -> None:
    """Show the beginning of the report of `reproduce`."""
    page.goto((run / "report" / "index.html").resolve().as_uri())
    page.wait_for_timeout(500)
    save(page.screenshot(), "report")


def tensorboard(page: Page, run: Path) -> None:
    """Show the curves of the pretraining on unlabelled speech in TensorBoard."""
    logs = run / "runs" / "seed-0" / "pretrain-unlabelled" / "logs"
    with served(["-m", "tensorboard.main", "--logdir", str(logs)]) as address:
        page.goto(f"{address}/?darkMode=false#timeseries")
        page.wait_for_selector("scalar-card svg, card-view svg", timeout=60_000)
        page.wait_for_timeout(5000)
        save(page.screenshot(), "tensorboard")


def save(png: bytes, name: str) -> Path:
    """Write a picture with at most 256 colours, which makes it several times smaller.

    Args:
        png: The picture as PNG.
        name: Name of its file in docs/pictures, without the ending.
    """
    path = PICTURES / f"{name}.png"
    small = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


def write_microphone(path: Path) -> None:
    """Write recordings of the package, each followed by a pause, as the sound of Chromium's microphone."""
    pause = np.zeros(round(_PAUSE_S * _RATE_HZ), np.float32)
    sounds = [read_audio(ser_fop.sample(name), sample_rate_hz=_RATE_HZ) for name in _SAMPLES]
    soundfile.write(path, np.concatenate([part for sound in sounds for part in (sound, pause)]), _RATE_HZ, "PCM_16")


@contextlib.contextmanager
def served(command: Sequence[str]) -> Iterator[str]:
    """Run a server on a free port until the end of the context.

    Args:
        command: Arguments of Python that start the server; `--port` is appended.

    Yields:
        The address of the server, once it answers.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, *command, "--port", str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(address)
            yield address
        finally:
            process.terminate()


def _wait_for(address: str, *, limit_s: float = 300) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=10):
            return
        time.sleep(0.5)
    raise TimeoutError(f"{address} expected an answer within {limit_s:g} s.")


SCREENS: dict[str, tuple[Callable[[Page, Path], None], int, int]] = {
    "live": (live, 1000, 800),
    "report": (report, 1000, 1100),
    "tensorboard": (tensorboard, 1200, 900),
}


def main() -> None:
    """Photograph the pages that the command line names; without names, all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(SCREENS), help="live, report, tensorboard")
    parser.add_argument("--run", type=Path, default=Path("runs/synthetic"), help="folder of `make reproduce`")
    options = parser.parse_args()
    chromium = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        write_microphone(microphone := Path(folder) / "microphone.wav")
        arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}")
        browser = driver.chromium.launch(executable_path=chromium, args=arguments)
        for name in options.names:
            draw, width, height = SCREENS[name]
            draw(browser.new_page(viewport={"width": width, "height": height}), options.run)
            print(f"docs/pictures/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
