"""The WebSocket of streams."""

import json
import threading
import time

import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.sync.client import connect

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.serving.app import Limits, create_app
from ser_fop.serving.head_deadline import with_head_deadline
from ser_fop.serving.models import ServedModel
from ser_fop.streaming.streaming_recogniser import StreamingRecogniser
from ser_fop.streaming.writing import to_json
from tests.serving.test_server import free_port

ADDRESS = "/v1/models/stream:stream"


@pytest.fixture(scope="module")
def app(stream_models):
    limits = Limits(streams=2, stream_message_bytes=100_000, stream_idle_s=0.5)
    return create_app([ServedModel("stream", stream_models / "stream")], limits)


@pytest.fixture(scope="module")
def web(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def speech():
    return read_audio(ser_fop.sample("sad"), sample_rate_hz=16000)[:24000]


def pcm16(samples):
    return (samples * 2**15).astype("<i2")


def answers_until_closed(socket):
    found = []
    while True:
        try:
            found.append(json.loads(socket.receive_text()))
        except WebSocketDisconnect as closed:
            return found, closed.code


@pytest.mark.parametrize("size", [1600, 700, 24000])
def test_answers_equal_those_of_a_recogniser(web, stream_models, speech, size):
    recogniser = StreamingRecogniser.load(stream_models / "stream")
    samples = pcm16(speech)
    expected = recogniser.push(samples.astype(np.float32) / 2**15) + recogniser.flush()
    with web.websocket_connect(ADDRESS) as socket:
        for first in range(0, len(samples), size):
            socket.send_bytes(samples[first : first + size].tobytes())
        socket.send_text("end")
        found, code = answers_until_closed(socket)
    assert code == 1000
    assert found[-1] == json.loads(to_json(expected[-1]))
    assert all(answer in [json.loads(to_json(one)) for one in expected] for answer in found)


def test_streams_are_apart_and_floats_are_read(web, speech):
    address = f"{ADDRESS}?encoding=float32"
    with web.websocket_connect(address) as one, web.websocket_connect(address) as other:
        one.send_bytes(speech[:8000].astype("<f4").tobytes())
        other.send_bytes(np.zeros(8000, "<f4").tobytes())
        one.send_bytes(speech[8000:].astype("<f4").tobytes())
        for socket in (one, other):
            socket.send_text("end")
        (first, _), (second, _) = answers_until_closed(one), answers_until_closed(other)
    assert first[-1]["emotion"]
    assert second[-1]["reason"] == "no speech"


@pytest.mark.parametrize(
    ("address", "message", "error"),
    [
        (ADDRESS, b"\x01", "a multiple of 2 for pcm16, received 1"),
        (ADDRESS, bytes(100_002), "at most 100000 bytes"),
        (ADDRESS, "hello", "expected binary PCM or the text 'end'"),
        (f"{ADDRESS}?encoding=float32", np.float32([np.nan]).tobytes(), "expected finite samples"),
        (f"{ADDRESS}?encoding=float32", np.float32([1e9]).tobytes(), "expected finite samples"),
        (f"{ADDRESS}?encoding=mp3", b"", "encoding expected pcm16 or float32, received 'mp3'"),
        (f"{ADDRESS}?pause_s=soon", b"", "pause_s expected seconds from 0 to 3600, received 'soon'"),
        (f"{ADDRESS}?speed=2", b"", "received 'speed'"),
        ("/v1/models/nobody:stream", b"", "model 'nobody' does not exist"),
        ("/v1/models/stream:predict", b"", "expected /v1/models/NAME"),
        (ADDRESS, None, "no samples within 0.5 s"),
    ],
)
def test_wrong_clients_are_told_why_and_the_server_lives(web, speech, address, message, error):
    with web.websocket_connect(address) as socket:
        if isinstance(message, bytes):
            socket.send_bytes(message)
        elif message:
            socket.send_text(message)
        found, code = answers_until_closed(socket)
    assert error in found[-1]["error"]
    assert code == 1008
    with web.websocket_connect(ADDRESS) as socket:
        socket.send_bytes(pcm16(speech).tobytes())
        assert "emotion" in json.loads(socket.receive_text())


def test_more_streams_than_the_limit_are_told_to_wait(web):
    with web.websocket_connect(ADDRESS), web.websocket_connect(ADDRESS), web.websocket_connect(ADDRESS) as third:
        found, code = answers_until_closed(third)
    assert "2 streams, its maximum: try again later" in found[0]["error"]
    assert code == 1013
    assert "ser_fop_streams 0.0" in web.get("/monitoring/prometheus/metrics").text


def test_a_client_that_vanishes_frees_its_stream(web, app, speech):
    for _ in range(5):
        with web.websocket_connect(ADDRESS) as socket:
            socket.send_bytes(pcm16(speech).tobytes())
    with web.websocket_connect(ADDRESS) as socket:
        socket.send_bytes(pcm16(speech).tobytes())
        assert json.loads(socket.receive_text())


def test_empty_messages_do_not_keep_a_stream_open(web):
    with web.websocket_connect(ADDRESS) as socket:
        for _ in range(3):
            socket.send_bytes(b"")
        found, code = answers_until_closed(socket)
    assert "no samples within 0.5 s" in found[-1]["error"]
    assert code == 1008


def test_signatures_of_streams_are_not_served_as_predictions(web):
    answer = web.post("/v1/models/stream:predict", json={"signature_name": "stream_start", "inputs": [2]})
    assert answer.status_code == 400
    assert "stream_step" not in web.get("/v1/models/stream/metadata").text


def test_a_page_of_another_server_is_refused(web):
    for origin in ("http://elsewhere.example", "http://["):
        with web.websocket_connect(ADDRESS, headers={"origin": origin}) as socket:
            found, code = answers_until_closed(socket)
        assert f"received one of {origin}" in found[0]["error"]
        assert code == 1008
    with web.websocket_connect(ADDRESS, headers={"origin": "http://testserver"}) as socket:
        socket.send_text("end")
        found, code = answers_until_closed(socket)
    assert (found[-1]["reason"], code) == ("too short", 1000)


def test_a_model_that_is_not_causal_is_refused(stream_models):
    app = create_app([ServedModel("full", stream_models / "full")])
    with TestClient(app) as web, web.websocket_connect("/v1/models/full:stream") as socket:
        found, _ = answers_until_closed(socket)
    assert "expected a causal network" in found[0]["error"]


def test_a_stream_outlives_the_deadline_for_request_headers(app, speech):
    port = free_port()
    config = uvicorn.Config(app, port=port, http=with_head_deadline(0.3), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        with connect(f"ws://127.0.0.1:{port}{ADDRESS}") as socket:
            for _ in range(5):
                socket.send(pcm16(speech[:4800]).tobytes())
                time.sleep(0.2)
            socket.send("end")
            found = [json.loads(text) for text in socket]
        assert found[-1]["is_final"]
    finally:
        server.should_exit = True
        thread.join()
