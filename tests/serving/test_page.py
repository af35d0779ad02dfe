"""The demo page. Some tests use it in a browser and are skipped without Chromium."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.errors import InputError
from ser_fop.serving.client import Client
from tests.serving.test_server import free_port

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


def test_page_loads_only_from_this_server(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        assert f"/page/{name}" in page.text
        assert client.get(f"/page/{name}").headers["content-type"].startswith(kind)


def test_page_contents_lists_models_and_samples(client):
    found = client.get("/page/contents").json()
    assert found["models"] == ["emotion"]
    for name in found["samples"]:
        assert client.get(f"/page/samples/{name}").content[:4] == b"fLaC"
    assert len(found["samples"]) == 4


@pytest.mark.parametrize(
    "path", ["/page/app.py", "/page/..%2fapp.py", "/page/samples/..%2fpage.js", "/page/samples/x.flac"]
)
def test_page_other_files_return_404(client, path):
    assert client.get(path).status_code == 404


@pytest.fixture(scope="module")
def address(models):
    port = free_port()
    command = [sys.executable, "-m", "ser_fop.pipelines.serve", str(models), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    for _ in range(200):
        try:
            Client(f"http://127.0.0.1:{port}", model="emotion").status()
            break
        except InputError:
            pass
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def page(address):
    if not CHROMIUM:
        pytest.skip("this test needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(address)
        yield page
        assert page.faults == []
        browser.close()


def test_page_chosen_file_shows_prediction(page, models, tmp_path):
    path = tmp_path / "voice.wav"
    soundfile.write(path, np.resize(read_audio(ser_fop.sample(), sample_rate_hz=16000), round(5.4 * 16000)), 16000)
    page.set_input_files("#file", str(path))
    page.wait_for_selector("#answer:not([hidden])")
    expected = ser_fop.load(models).predict(path)
    assert page.text_content("#emotion") == expected.emotion
    assert page.locator("#bars meter").count() == 8
    assert page.locator("#model-label").is_hidden()  # the server has one model
    first = page.locator("#bars meter").first
    assert first.get_attribute("aria-label") == max(expected.probabilities, key=expected.probabilities.get)
    assert float(first.evaluate("bar => bar.value")) == pytest.approx(max(expected.probabilities.values()), abs=0.01)
    windows = ser_fop.load(models).predict_windows(path, window_s=3.0, hop_s=1.0)  # the last one is shorter
    assert page.locator("#over-time tbody tr").count() == len(windows) == 4
    assert "5.4 s" in page.text_content("#status")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # no horizontal scrolling on a phone


def test_page_noise_has_no_answer(page, tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).normal(size=40000), 16000)
    page.set_input_files("#file", str(path))
    page.wait_for_selector("#answer:not([hidden])")
    assert page.text_content("#emotion") == "none: no speech"
    assert "none: no speech" in page.text_content("#over-time")


@pytest.mark.parametrize("content", ["noise", "silence"])
def test_page_invalid_file_shows_message(page, tmp_path, content):
    path = tmp_path / "voice.wav"
    if content == "noise":
        path.write_bytes(b"no audio" * 100)
    else:
        soundfile.write(path, np.zeros(16000), 16000)
    page.set_input_files("#file", str(path))
    page.wait_for_selector("#status.bad")
    assert ("cannot decode" if content == "noise" else "silent") in page.text_content("#status")
    assert page.locator("#answer").is_hidden()


def test_page_sample_can_be_chosen_by_keyboard(page):
    page.wait_for_selector("#sample option:nth-child(2)", state="attached")
    page.focus("#sample")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#answer:not([hidden])")
    assert "synthetic_" in page.text_content("#status")
