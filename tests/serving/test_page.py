"""The demo page. Some tests use it in a browser and are skipped without Chromium."""

import re
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import soundfile

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.errors import InputError
from ser_fop.serving.app import create_app
from ser_fop.serving.client import Client
from ser_fop.serving.models import ServedModel
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


def test_page_scripts_are_served_and_load_only_each_other(client):
    waiting, found = ["page.js"], {}
    while waiting:
        name = waiting.pop()
        answer = client.get(f"/page/{name}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "https://" not in answer.text
        found[name] = answer.text
        waiting += set(re.findall(r'"(?:\./|/page/)(\w+\.js)"', answer.text)) - set(found)
    assert {"page.js", "drawing.js", "live.js", "stream.js", "capture.js"} <= set(found)


def test_page_contents_lists_models_and_samples(client):
    found = client.get("/page/contents").json()
    assert found["models"] == ["emotion"]
    for name in found["samples"]:
        assert client.get(f"/page/samples/{name}").content[:4] == b"fLaC"
    assert len(found["samples"]) == 4
    assert set(found["streams"]) <= {"emotion"}


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


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """File that Chromium repeats as its microphone: speech and a pause."""
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    speech = read_audio(ser_fop.sample("angry"), sample_rate_hz=16000)
    soundfile.write(path, np.concatenate([speech, np.zeros(20000, np.float32)]), 16000, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def browser(microphone):
    if not CHROMIUM:
        pytest.skip("this test needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Open an address in a page of its own, whose script may not fail."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def open_page(address, *, silent_console=False):
        if silent_console:
            page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(address)
        return page

    yield open_page
    assert faults == []
    page.context.close()


@pytest.fixture
def page(new_page, address):
    return new_page(address)


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
    assert page.text_content("#emotion") == "no answer"
    assert page.text_content("#reason") == "no speech"
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


@pytest.fixture(scope="module")
def stream_address(stream_models):
    uvicorn = pytest.importorskip("uvicorn")
    app = create_app([ServedModel(name, stream_models / name) for name in ("stream", "full")])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(100):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def live_page(new_page, stream_address):
    page = new_page(stream_address, silent_console=True)
    page.wait_for_selector("#live:not([hidden])")
    return page


EMOTION_SHOWN = """() => {
    const share = document.querySelector("#live-share").textContent;
    return share.includes("%") && document.querySelector("#live-emotion").textContent;
}"""


def picture(page, name):
    return page.locator(f"#{name}").evaluate("canvas => canvas.toDataURL()")


def wait_until_drawn_anew(page, name, before):
    page.wait_for_function(
        "([name, before]) => document.getElementById(name).toDataURL() !== before", arg=[name, before]
    )


def test_live_microphone_is_shown_until_stop(live_page):
    page = live_page
    page.focus("#live")
    page.keyboard.press("Enter")
    shown = page.wait_for_function(EMOTION_SHOWN).json_value()  # one look: a pause may follow at once
    assert shown in {"angry", "calm", "sad"}
    before = {name: picture(page, name) for name in ("live-spectrogram", "live-probabilities")}
    assert page.locator("#legend li").all_text_contents() == ["angry", "calm", "sad"]
    page.wait_for_selector("#stretches li")
    assert re.fullmatch(r"\d\.\d to \d\.\d s: (angry|calm|sad) \d+ %", page.text_content("#stretches li"))
    for name, picture_before in before.items():
        wait_until_drawn_anew(page, name, picture_before)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.activeElement.id") == "stop"
    page.keyboard.press("Enter")
    page.wait_for_selector("#stop", state="hidden")
    assert page.text_content("#status").startswith("Final answer: ")
    assert page.text_content("#live-emotion") in page.text_content("#status")
    assert page.evaluate("document.activeElement.id") == "live"


def test_file_played_as_stream_ends_with_its_prediction(live_page, stream_models, tmp_path):
    page, path = live_page, tmp_path / "voice.wav"
    soundfile.write(path, read_audio(ser_fop.sample("sad"), sample_rate_hz=16000), 16000, subtype="PCM_16")
    page.uncheck("#pauses")  # one answer for the whole file
    page.set_input_files("#file", str(path))
    page.wait_for_selector("#play:visible")
    page.click("#play")
    page.wait_for_selector("#stop:visible")
    page.wait_for_selector("#stop", state="hidden")
    expected = ser_fop.load(stream_models / "stream").predict(path)
    assert page.text_content("#live-emotion") == expected.emotion
    share = float(page.text_content("#live-share").removesuffix(" %")) / 100
    assert share == pytest.approx(max(expected.probabilities.values()), abs=0.011)
    assert page.text_content("#emotion") == expected.emotion  # the answer for the whole file is shown again


def test_model_that_is_not_causal_has_no_live_button(live_page, stream_address):
    assert live_page.request.get(f"{stream_address}/page/contents").json()["streams"] == ["stream"]
    live_page.select_option("#model", "full")
    live_page.select_option("#sample", index=1)
    live_page.wait_for_selector("#answer:not([hidden])")
    for name in ("live", "play", "pauses"):
        assert live_page.locator(f"#{name}").is_hidden()


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ('{"error": "the server has 2 streams, its maximum: try again later"}', "2 streams, its maximum"),
        ('{"reason": "no speech", "end_s": 0.1}', "connection to the server was lost"),
    ],
)
def test_live_errors_are_shown_in_words(live_page, answer, shown):
    def close(socket):
        socket.send(answer)
        socket.close(code=1013)

    live_page.route_web_socket(re.compile(":stream"), close)
    live_page.click("#live")
    live_page.wait_for_selector("#status.bad")
    assert shown in live_page.text_content("#status")
    assert live_page.locator("#stop").is_hidden()


def test_slow_connection_leaves_sound_out_and_says_so(live_page):
    live_page.evaluate("Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { get: () => 1e5 })")
    live_page.click("#live")
    live_page.wait_for_selector("#status:has-text('left out')")
    assert "of sound were left out" in live_page.text_content("#status")


def test_dropped_file_is_taken(live_page):
    live_page.evaluate(
        """async () => {
          const transfer = new DataTransfer(), name = "synthetic_sad.flac";
          transfer.items.add(new File([await (await fetch(`/page/samples/${name}`)).blob()], name));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
        }"""
    )
    live_page.wait_for_selector("#answer:not([hidden])")
    assert "synthetic_sad.flac" in live_page.text_content("#status")
