"""The server, asked as TF Serving's documentation says."""

import base64
import io
import json
import re
import threading
import zipfile

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from fastapi.testclient import TestClient

from ser_fop.serving.app import Limits, create_app

MODEL = "/v1/models/emotion"
GENERATOR = np.random.default_rng(1)
SOUND = 0.1 * GENERATOR.normal(size=4800).astype(np.float32)


def wav(samples=SOUND, rate_hz=16000, subtype="PCM_16"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="WAV", subtype=subtype)
    return file.getvalue()


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def instance(samples=SOUND):
    return {"waveform": np.asarray(samples).tolist(), "length": len(samples)}


def ask(client, body, path=f"{MODEL}:predict"):
    return client.post(path, content=body if isinstance(body, bytes) else json.dumps(body))


class TestStatus:
    def test_of_a_model(self, client):
        assert client.get(MODEL).json() == {
            "model_version_status": [
                {"version": number, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
                for number in ("3", "1")
            ]
        }

    @pytest.mark.parametrize(("place", "version"), [("versions/3", "3"), ("labels/stable", "1")])
    def test_of_a_version(self, client, place, version):
        (found,) = client.get(f"{MODEL}/{place}").json()["model_version_status"]
        assert found["version"] == version

    def test_metadata(self, client):
        found = client.get(f"{MODEL}/versions/1/metadata").json()
        assert found["model_spec"] == {"name": "emotion", "signature_name": "", "version": "1"}
        signatures = found["metadata"]["signature_def"]["signature_def"]
        assert set(signatures) == {"serving_default", "wav", "mel", "hypercolumns"}
        waveform = signatures["serving_default"]["inputs"]["waveform"]
        assert waveform["dtype"] == "DT_FLOAT"
        assert [dim["size"] for dim in waveform["tensor_shape"]["dim"]] == ["-1", "-1"]

    @pytest.mark.parametrize(
        "path",
        ["/v1/models/nobody", f"{MODEL}/versions/2", f"{MODEL}/labels/canary", "/v1/models/x/metadata", "/nowhere"],
    )
    def test_what_is_not_there(self, client, path):
        answer = client.get(path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"error"}

    def test_health_and_metrics(self, client):
        assert client.get("/healthz").json() == {"status": "ok", "models": ["emotion"]}
        ask(client, {"instances": [instance()]})
        text = client.get("/monitoring/prometheus/metrics").text
        assert 'ser_fop_requests_total{method="POST",status="200"}' in text
        assert 'ser_fop_model_versions{model="emotion"} 2.0' in text


class TestPredict:
    @pytest.fixture(scope="class")
    def expected(self, models):
        model = tf.saved_model.load(str(models / "3"))
        batch = {"waveform": tf.constant(SOUND[None]), "length": tf.constant([len(SOUND)])}
        return {name: value.numpy()[0] for name, value in model.signatures["serving_default"](**batch).items()}

    def test_rows(self, client, expected):
        answer = ask(client, {"instances": [instance(), instance()]})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        predictions = answer.json()["predictions"]
        assert len(predictions) == 2
        for found in predictions:
            assert found["emotion"] == expected["emotion"].decode()
            assert found["labels"] == [label.decode() for label in expected["labels"]]
            np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-6)

    def test_columns(self, client, expected):
        body = {"signature_name": "serving_default", "inputs": {"waveform": [SOUND.tolist()], "length": [len(SOUND)]}}
        outputs = ask(client, body).json()["outputs"]
        assert set(outputs) == {"scores", "labels", "emotion"}
        np.testing.assert_allclose(outputs["scores"][0], expected["scores"], atol=1e-6)

    @pytest.mark.parametrize("form", ["instances", "inputs"])
    def test_an_input_that_is_alone_needs_no_name(self, client, expected, form):
        answer = ask(client, {"signature_name": "wav", form: [b64(wav())]}).json()
        found = answer["predictions"][0]["scores"] if form == "instances" else answer["outputs"]["scores"][0]
        np.testing.assert_allclose(found, expected["scores"], atol=1e-3)  # 16 bits
        named = ask(client, {"signature_name": "wav", "instances": [{"wav": b64(wav())}]}).json()
        np.testing.assert_allclose(named["predictions"][0]["scores"], found, atol=1e-6)

    def test_versions_and_labels(self, client):
        def scores(place):
            return ask(client, {"instances": [instance()]}, f"{MODEL}{place}:predict").json()["predictions"][0][
                "scores"
            ]

        assert scores("") == scores("/versions/3")
        assert scores("/versions/1") == scores("/labels/stable")
        assert scores("") != scores("/versions/1")

    def test_hypercolumns(self, client):
        mel = GENERATOR.normal(size=(30, 80)).tolist()
        body = {"signature_name": "hypercolumns", "instances": [{"mel": mel, "length": 30}]}
        (found,) = ask(client, body).json()["predictions"]
        assert np.shape(found["h1"]) == (30, 16)
        np.testing.assert_allclose(np.mean(found["h1"], axis=0), found["pooled_h1"], atol=1e-4)

    def test_numbers_are_written_as_short_as_they_are(self, client):
        text = ask(client, {"instances": [instance()]}).text
        scores = json.loads(text)["predictions"][0]["scores"]
        assert all(len(repr(score)) < 16 for score in scores)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1]", "not an object"),
        (b"\xff\xfe", "not JSON"),
        (b'{"instances": [{"waveform": [NaN], "length": 1}]}', "not JSON"),
        ({}, "one of the keys 'instances' and 'inputs'"),
        ({"instances": [], "inputs": {}}, "one of the keys"),
        ({"instances": []}, "at least one instance"),
        ({"instances": "sound"}, "expected a list"),
        ({"instances": [[1.0]]}, "objects with the keys length, waveform"),
        ({"instances": [{"waveform": [0.1]}]}, "objects with the keys length, waveform|keys length, waveform"),
        ({"instances": [instance(), 5]}, "instance 1 expected an object"),
        ({"instances": [{**instance(), "more": 1}]}, "instance 0 expected an object"),
        ({"inputs": {"waveform": [[0.1]]}}, "has no 'length'"),
        ({"inputs": [[0.1]]}, "'inputs' expected an object"),
        ({"signature_name": "emotion", "instances": [instance()]}, "signature 'emotion' is not one of"),
        ({"signature_name": 5, "instances": [instance()]}, "'signature_name' expected a string"),
        ({"instances": [instance(), instance(SOUND[:-1])]}, "rows of one shape"),
        ({"instances": [{"waveform": 0.1, "length": 1}]}, "'waveform' expected 2 dimensions, received 1"),
        ({"instances": [{"waveform": ["a"] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [True] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [None] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [1e300] * 500, "length": 500}]}, "not finite"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 500.5}]}, "expected numbers of type int32"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 2**40}]}, "beyond int32"),
        ({"instances": [{"waveform": [], "length": 0}]}, "'length' expected 400 to 0 samples, received 0 to 0"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 501}]}, "received 501 to 501"),
        ({"instances": [{"waveform": [0.1] * 500, "length": -1}]}, "received -1 to -1"),
        ({"instances": [instance()] * 5}, "expected 1 to 4 utterances"),
        ({"inputs": {"waveform": [[0.1] * 500], "length": [500, 500]}}, "as many lengths as utterances"),
        ({"inputs": {"waveform": [[0] * 40000], "length": [40000]}}, "at most 32000 samples"),
        ({"signature_name": "mel", "instances": [{"mel": [[0.1] * 79], "length": 1}]}, "expected 80 bands"),
        ({"signature_name": "wav", "instances": [{"b64": "###"}]}, "not base64"),
        ({"signature_name": "wav", "instances": [5]}, "expected a string"),
        ({"signature_name": "wav", "instances": [b64(b"RIFF")]}, "expected WAV files"),
        ({"signature_name": "wav", "instances": [b64(wav(rate_hz=8000))]}, "expected a WAV of 16000 Hz"),
        ({"signature_name": "wav", "instances": [b64(wav(SOUND[:100]))]}, "at least one window"),
        ({"signature_name": "wav", "instances": [b64(wav(np.zeros(400_000, np.float32)[:80_000]))]}, "at most"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(client, body, said):
    answer = ask(client, body)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error"}
    assert re.search(said, answer.json()["error"]), answer.json()["error"]


def _zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.wav", wav())
    return file.getvalue()


def _lying(stated):
    content = bytearray(wav())
    content[40:44] = stated.to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        _zip(),
        b"",
        wav()[:30],
        b"RIFF\xff\xff\xff\xffWAVE" + b"\x00" * 100,
        _lying(2**31),
        _lying(2**32 - 1),
        wav(subtype="FLOAT"),
    ],
)
def test_what_is_no_wav_is_refused_and_the_server_lives(client, content):
    answer = ask(client, {"signature_name": "wav", "instances": [b64(content)]})
    assert answer.status_code == 400, answer.text
    assert ask(client, {"instances": [instance()]}).status_code == 200


class TestLimits:
    def test_of_the_body(self, client):
        assert ask(client, b" " * 1_000_001).status_code == 413

    def test_of_a_body_that_does_not_say_how_long_it_is(self, client):
        answer = client.post(f"{MODEL}:predict", content=(b" " * 100_000 for _ in range(11)))
        assert answer.status_code == 413

    def test_of_an_answers_time(self, served):
        with TestClient(create_app([served], Limits(response_timeout_s=1e-6))) as client:
            assert ask(client, {"instances": [instance()]}).status_code == 504

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/models/..%2f..%2fetc:predict",
            "/v1/models/emotion/versions/x:predict",
            "/v1/models/emotion/versions/99999999999999999999:predict",
            "/v1/models/emotion:classify",
            "/v1/models/:predict",
        ],
    )
    def test_of_paths(self, client, path):
        answer = ask(client, {"instances": [instance()]}, path)
        assert answer.status_code in (400, 404)
        assert "error" in answer.json()


def test_requests_together_are_answered_as_alone(client, served):
    sounds = [0.1 * GENERATOR.normal(size=size).astype(np.float32) for size in (900, 4800, 2000, 16000, 700, 3000)]
    alone = [ask(client, {"instances": [instance(sound)]}).json() for sound in sounds]
    sizes = []
    app = create_app([served], Limits(batch=4, batch_wait_s=0.3))
    app.state.server.monitoring.batches.observe = sizes.append
    together = [None] * len(sounds)
    with TestClient(app) as other:

        def one(place):
            together[place] = ask(other, {"instances": [instance(sounds[place])]}).json()

        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(sounds))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(sizes) == len(sounds)
    assert max(sizes) > 1
    assert max(sizes) <= 4
    for first, second in zip(alone, together, strict=True):
        np.testing.assert_allclose(first["predictions"][0]["scores"], second["predictions"][0]["scores"], atol=1e-5)


def test_a_bad_file_does_not_spoil_its_batch(served):
    app = create_app([served], Limits(batch=4, batch_wait_s=0.3))
    found = {}
    with TestClient(app) as client:

        def one(name, content):
            found[name] = ask(client, {"signature_name": "wav", "instances": [b64(content)]}).status_code

        files = {"good": wav(), "slow": wav(rate_hz=8000), "other": wav(SOUND[:2000])}
        threads = [threading.Thread(target=one, args=item) for item in files.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {"good": 200, "slow": 400, "other": 200}
