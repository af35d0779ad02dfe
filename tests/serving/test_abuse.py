"""Abusive requests: each gets a 4xx status, and the server stays alive and releases its memory."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ser_fop.errors import InputError
from ser_fop.serving.client import Client
from tests.serving.test_server import free_port

UPLOAD_S = 2.0
SOUND = 0.1 * np.random.default_rng(0).normal(size=8000)
PREDICT = b"POST /v1/models/mine:predict HTTP/1.1\r\nHost: x\r\n"
# Made when they are needed: they take more memory than all imports.
MILLION = {
    "instances": lambda: b'{"instances": [' + b",".join([b'{"waveform": [0.1], "length": 1}'] * 900_000) + b"]}",
    "empty objects": lambda: b'{"instances": [' + b",".join([b"{}"] * 8_000_000) + b"]}",
    "empty lists": lambda: b'{"instances": [' + b",".join([b"[]"] * 8_000_000) + b"]}",
    "nested lists": lambda: b'{"instances": ' + b"[" * 20_000_000,
    "numbers": lambda: b'{"inputs": {"waveform": [[' + b",".join([b"1.5"] * 7_000_000) + b']], "length": [7000000]}}',
    "names": lambda: b'{"inputs": {' + b",".join(b'"%d": 0' % number for number in range(2_000_000)) + b"}}",
}


@pytest.fixture(scope="module")
def server(models):
    port = free_port()
    command = [sys.executable, "-m", "ser_fop.pipelines.serve", f"mine={models}", "--port", str(port)]
    process = subprocess.Popen([*command, "--upload-timeout-s", str(UPLOAD_S)], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    client = Client(f"http://127.0.0.1:{port}", model="mine")
    for _ in range(100):
        try:
            client.predict([SOUND])
            break
        except InputError:
            time.sleep(0.1)
    yield process.pid, client, port
    process.kill()
    process.wait()


def megabytes(pid):
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("no /proc to read memory from")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def sent(port, *parts, wait_s=0.0):
    """Send a request in parts. Return the HTTP status, or None if the connection was closed without a response."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sender:
        try:
            for part in parts:
                sender.sendall(part)
                time.sleep(wait_s)
            answer = sender.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    return int(answer.split()[1]) if answer else None


@pytest.mark.parametrize(
    "kind", [kind if kind == "instances" else pytest.param(kind, marks=pytest.mark.slow) for kind in MILLION]
)
def test_predict_huge_json_returns_400_and_releases_memory(server, kind):
    pid, client, port = server
    body = MILLION[kind]()
    request = PREDICT + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert sent(port, request) == 400
    before = megabytes(pid)
    for _ in range(4):
        assert sent(port, request) == 400
    assert client.predict([SOUND])
    assert megabytes(pid) < before + 150, kind


class TestSlowClients:
    def test_slow_headers_get_408(self, server):
        _, _, port = server
        assert sent(port, *[bytes([byte]) for byte in PREDICT[:12]], wait_s=UPLOAD_S / 8) in (408, None)

    def test_silent_connection_gets_408(self, server):
        _, _, port = server
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
            started = time.monotonic()
            assert b" 408 " in sender.recv(4096)
            assert time.monotonic() - started < 4 * UPLOAD_S

    def test_slow_body_gets_408(self, server):
        _, _, port = server
        head = PREDICT + b"Content-Length: 1000\r\n\r\n"
        assert sent(port, head, *[b" "] * 12, wait_s=UPLOAD_S / 8) in (408, None)

    def test_slow_headers_of_second_request_get_408(self, server):
        _, _, port = server
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
            sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += sender.recv(4096)
            assert b" 200 " in answer
            sender.sendall(b"GET /heal")
            assert b" 408 " in sender.recv(4096)

    def test_many_silent_connections_do_not_block_others(self, server):
        _, client, port = server
        silent = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(200)]
        try:
            assert client.predict([SOUND])
        finally:
            for one in silent:
                one.close()

    def test_upload_within_time_limit_is_accepted(self, server):
        _, _, port = server
        body = json.dumps({"instances": [{"waveform": [0.1] * 8000, "length": 8000}]}).encode()
        head = PREDICT + b"Content-Length: %d\r\n\r\n" % len(body)
        half = len(body) // 2
        assert sent(port, head, body[:half], body[half:], wait_s=UPLOAD_S / 8) == 200
