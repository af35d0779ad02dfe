"""The photographed pages: small pictures, and a server that is stopped."""

import io
import urllib.error
import urllib.request

import numpy as np
import pytest
import soundfile

pytest.importorskip("playwright.sync_api")
image = pytest.importorskip("PIL.Image")


@pytest.fixture
def module(script):
    return script("draw_screens")


def test_pictures_of_pages_are_small(module):
    for path in module.PICTURES.glob("*.png"):
        assert path.stat().st_size < 150_000


def test_saved_picture_has_few_colours(module, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PICTURES", tmp_path)
    picture = image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8))
    picture.save(written := io.BytesIO(), "PNG")
    saved = image.open(module.save(written.getvalue(), "noise"))
    assert (saved.mode, saved.size) == ("P", (50, 40))


def test_microphone_plays_the_samples_with_pauses(module, tmp_path):
    module.write_microphone(tmp_path / "microphone.wav")
    sound, rate_hz = soundfile.read(tmp_path / "microphone.wav")
    assert rate_hz == 16000
    assert not sound[-rate_hz:].any()
    assert len(sound) > 3 * module._PAUSE_S * rate_hz


def test_server_is_stopped_at_the_end(module):
    # http.server asks for the host's name first, which takes long without a network.
    code = (
        "import http.server as h, socketserver as s, sys;"
        "s.TCPServer(('127.0.0.1', int(sys.argv[-1])), h.SimpleHTTPRequestHandler).serve_forever()"
    )
    with module.served(["-c", code]) as address:
        assert urllib.request.urlopen(address, timeout=10).status == 200
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=10)
