"""`ser-fop serve` as a process, and the client."""

import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from ser_fop.pipelines import serve

import ser_fop
from ser_fop.errors import InputError
from ser_fop.serving.client import Client


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(models):
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "ser_fop.pipelines.serve",
        f"mine={models}",
        "--port",
        str(port),
        "--no-detect-speech",
    ]
    process = subprocess.Popen([*command, "--max-body-mb", "2"], stdout=subprocess.PIPE, text=True)
    assert f"http://127.0.0.1:{port}/v1/models/mine (version 3)" in process.stdout.readline()
    client = Client(f"http://127.0.0.1:{port}", model="mine")
    for _ in range(100):
        try:
            client.status()
            break
        except InputError:
            time.sleep(0.1)
    yield process, client, port
    process.kill()
    process.wait()


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).normal(size=22050), 44100)
    return path


def test_client_predict_equals_predictor(server, sound, models):
    _, client, _ = server
    samples = 0.1 * np.random.default_rng(2).normal(size=9000)
    first, second = client.predict([sound, samples])
    expected = ser_fop.load(models, detect_speech=False).predict(sound)
    assert first["emotion"] == expected.emotion
    assert first["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
    alone = ser_fop.load(models, detect_speech=False).predict(samples, sample_rate_hz=16000)
    assert second["probabilities"] == pytest.approx(alone.probabilities, abs=1e-5)


def test_client_errors_contain_server_message(server):
    _, client, port = server
    with pytest.raises(InputError, match="400: 'length' expected 400 to 10"):
        client.predict([np.ones(10)])
    with pytest.raises(InputError, match="404: model 'yours' does not exist"):
        Client(f"http://127.0.0.1:{port}", model="yours").status()
    with pytest.raises(InputError, match="no response from"):
        Client(f"http://127.0.0.1:{free_port()}", model="mine").status()
    assert set(client.metadata()["metadata"]["signature_def"]["signature_def"]) >= {"serving_default", "wav"}


def test_server_large_body_returns_413(server):
    _, client, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        sender.sendall(b"POST /v1/models/mine:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert b" 413 " in sender.recv(4096)
    assert client.status()["model_version_status"]


def test_server_sigterm_exits_without_traceback(models):
    port = free_port()
    command = [sys.executable, "-m", "ser_fop.pipelines.serve", str(models), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(2)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{empty}"], "holds no version of a model"),
        (["a={models}", "a={models}"], "received 'a' twice"),
        (["a={models}", "--labels", "a:stable=7"], "label 'stable' refers to version 7"),
        (["a={models}", "--labels", "stable=1"], "NAME:LABEL=VERSION"),
    ],
)
def test_serve_invalid_arguments_fail(models, tmp_path, capsys, arguments, message):
    filled = [argument.format(models=models, empty=tmp_path) for argument in arguments]
    assert serve.main(filled) == 2
    assert message in capsys.readouterr().err
