"""The server's REST API, compared with TF Serving's documentation."""

import base64
import io
import json
import re
import textwrap
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
    def test_status_of_model_lists_all_versions(self, client):
        assert client.get(MODEL).json() == {
            "model_version_status": [
                {"version": number, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
                for number in ("3", "1")
            ]
        }

    @pytest.mark.parametrize(("place", "version"), [("versions/3", "3"), ("labels/stable", "1")])
    def test_status_of_version_or_label_lists_one_version(self, client, place, version):
        (found,) = client.get(f"{MODEL}/{place}").json()["model_version_status"]
        assert found["version"] == version

    def test_metadata_lists_signatures(self, client):
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
    def test_get_unknown_address_returns_404(self, client, path):
        answer = client.get(path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"error"}

    def test_health_and_metrics_count_requests(self, client):
        assert client.get("/healthz").json() == {"status": "ok", "models": ["emotion"]}
        ask(client, {"instances": [instance()]})
        text = client.get("/monitoring/prometheus/metrics").text
        assert 'ser_fop_requests_total{method="POST",status="200"}' in text
        assert 'ser_fop_model_versions{model="emotion"} 2.0' in text


@pytest.fixture(scope="module")
def expected(models):
    model = tf.saved_model.load(str(models / "3"))
    batch = {"waveform": tf.constant(SOUND[None]), "length": tf.constant([len(SOUND)])}
    return {name: value.numpy()[0] for name, value in model.signatures["serving_default"](**batch).items()}


class TestPredict:
    def test_predict_rows_equals_saved_model(self, client, expected):
        answer = ask(client, {"instances": [instance(), instance()]})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        predictions = answer.json()["predictions"]
        assert len(predictions) == 2
        for found in predictions:
            assert found["emotion"] == expected["emotion"].decode()
            assert found["labels"] == [label.decode() for label in expected["labels"]]
            np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-6)

    def test_predict_columns_equals_saved_model(self, client, expected):
        body = {"signature_name": "serving_default", "inputs": {"waveform": [SOUND.tolist()], "length": [len(SOUND)]}}
        outputs = ask(client, body).json()["outputs"]
        assert set(outputs) == {"scores", "labels", "emotion", "reason"}
        np.testing.assert_allclose(outputs["scores"][0], expected["scores"], atol=1e-6)

    @pytest.mark.parametrize("form", ["instances", "inputs"])
    def test_predict_single_input_accepts_value_without_name(self, client, expected, form):
        answer = ask(client, {"signature_name": "wav", form: [b64(wav())]}).json()
        found = answer["predictions"][0]["scores"] if form == "instances" else answer["outputs"]["scores"][0]
        np.testing.assert_allclose(found, expected["scores"], atol=1e-3)  # the WAV file has 16 bits
        named = ask(client, {"signature_name": "wav", "instances": [{"wav": b64(wav())}]}).json()
        np.testing.assert_allclose(named["predictions"][0]["scores"], found, atol=1e-6)

    def test_predict_selects_version_by_number_or_label(self, client):
        def scores(place):
            return ask(client, {"instances": [instance()]}, f"{MODEL}{place}:predict").json()["predictions"][0][
                "scores"
            ]

        assert scores("") == scores("/versions/3")
        assert scores("/versions/1") == scores("/labels/stable")
        assert scores("") != scores("/versions/1")

    def test_predict_hypercolumns_pooled_is_mean_over_frames(self, client):
        mel = GENERATOR.normal(size=(30, 80)).tolist()
        body = {"signature_name": "hypercolumns", "instances": [{"mel": mel, "length": 30}]}
        (found,) = ask(client, body).json()["predictions"]
        assert np.shape(found["h1"]) == (30, 16)
        np.testing.assert_allclose(np.mean(found["h1"], axis=0), found["pooled_h1"], atol=1e-4)

    def test_predict_writes_float32_scores_with_few_digits(self, client):
        text = ask(client, {"instances": [instance()]}).text
        scores = json.loads(text)["predictions"][0]["scores"]
        assert all(len(repr(score)) < 16 for score in scores)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "invalid JSON"),
        (b"{", "invalid JSON"),
        (b"[1]", "expected a JSON object"),
        (b"\xff\xfe", "invalid JSON"),
        (b'{"instances": [{"waveform": [NaN], "length": 1}]}', "invalid JSON"),
        ({}, "exactly one of the keys 'instances' and 'inputs'"),
        ({"instances": [], "inputs": {}}, "exactly one of the keys"),
        ({"instances": []}, "at least one instance"),
        ({"instances": "sound"}, "expected a list"),
        ({"instances": [[1.0]]}, "objects with the keys length, waveform"),
        ({"instances": [{"waveform": [0.1]}]}, "objects with the keys length, waveform|keys length, waveform"),
        ({"instances": [instance(), 5]}, "instance 1 expected an object"),
        ({"instances": [{**instance(), "more": 1}]}, "instance 0 expected an object"),
        ({"inputs": {"waveform": [[0.1]]}}, "'inputs' expected the key 'length'"),
        ({"inputs": [[0.1]]}, "'inputs' expected an object"),
        (
            {"signature_name": "emotion", "instances": [instance()]},
            "expected a signature out of .*, received 'emotion'",
        ),
        ({"signature_name": 5, "instances": [instance()]}, "expected a string as 'signature_name'"),
        ({"instances": [instance(), instance(SOUND[:-1])]}, "rows of one shape"),
        ({"instances": [{"waveform": 0.1, "length": 1}]}, "'waveform' expected 2 dimensions, received 1"),
        ({"instances": [{"waveform": ["a"] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [True] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [None] * 500, "length": 500}]}, "expected numbers of type float32"),
        ({"instances": [{"waveform": [1e300] * 500, "length": 500}]}, "expected finite numbers"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 500.5}]}, "expected numbers of type int32"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 2**40}]}, "in the range of int32"),
        ({"instances": [{"waveform": [], "length": 0}]}, "'length' expected 400 to 0 samples, received 0 to 0"),
        ({"instances": [{"waveform": [0.1] * 500, "length": 501}]}, "received 501 to 501"),
        ({"instances": [{"waveform": [0.1] * 500, "length": -1}]}, "received -1 to -1"),
        ({"instances": [instance()] * 5}, "expected 1 to 4 utterances"),
        ({"inputs": {"waveform": [[0.1] * 500], "length": [500, 500]}}, "as many lengths as utterances"),
        ({"inputs": {"waveform": [[0] * 40000], "length": [40000]}}, "at most 32000 samples"),
        ({"signature_name": "mel", "instances": [{"mel": [[0.1] * 79], "length": 1}]}, "expected 80 bands"),
        ({"signature_name": "wav", "instances": [{"b64": "###"}]}, "expected base64"),
        ({"signature_name": "wav", "instances": [5]}, "expected a string"),
        ({"signature_name": "wav", "instances": [b64(b"RIFF")]}, "expected WAV files"),
        ({"signature_name": "wav", "instances": [b64(wav(rate_hz=8000))]}, "expected a WAV of 16000 Hz"),
        ({"signature_name": "wav", "instances": [b64(wav(np.zeros(400_000, np.float32)[:80_000]))]}, "at most"),
    ],
)
def test_predict_invalid_request_returns_400_with_message(client, body, message):
    answer = ask(client, body)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error"}
    assert re.search(message, answer.json()["error"]), answer.json()["error"]


def _zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.wav", wav())
    return file.getvalue()


def _wav_with_data_size(data_size):
    content = bytearray(wav())
    content[40:44] = data_size.to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        _zip(),
        b"",
        wav()[:30],
        b"RIFF\xff\xff\xff\xffWAVE" + b"\x00" * 100,
        _wav_with_data_size(2**30),
        wav(subtype="ULAW"),
    ],
)
def test_predict_invalid_wav_returns_400_and_server_continues(client, content):
    answer = ask(client, {"signature_name": "wav", "instances": [b64(content)]})
    assert answer.status_code == 400, answer.text
    assert ask(client, {"instances": [instance()]}).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        _wav_with_data_size(0),
        _wav_with_data_size(2**31),
        _wav_with_data_size(2**32 - 1),
        wav(subtype="PCM_24"),
        wav(subtype="FLOAT"),
        wav(np.stack([SOUND, SOUND], axis=1), subtype="DOUBLE"),
    ],
)
def test_predict_wav_of_any_coding_or_streamed_size_equals_waveform(client, expected, content):
    (found,) = ask(client, {"signature_name": "wav", "instances": [b64(content)]}).json()["predictions"]
    np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-3)


def test_predict_base64_with_line_breaks_is_read(client, expected):
    wrapped = {"b64": "\r\n".join(textwrap.wrap(base64.b64encode(wav()).decode(), 76))}
    (found,) = ask(client, {"signature_name": "wav", "instances": [wrapped]}).json()["predictions"]
    np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-3)


@pytest.mark.parametrize("signature", ["", "wav"])
def test_predict_silence_has_no_emotion_and_does_not_affect_others(client, signature):
    parts = [np.zeros_like(SOUND), SOUND]
    instances = [b64(wav(part)) if signature else instance(part) for part in parts]
    silent, loud = ask(client, {"signature_name": signature, "instances": instances}).json()["predictions"]
    assert (silent["emotion"], set(silent["scores"])) == ("", {0.0})
    assert loud["emotion"]
    assert sum(loud["scores"]) == pytest.approx(1, abs=1e-4)


def test_predict_wav_shorter_than_a_window_has_no_emotion(client):
    (found,) = ask(client, {"signature_name": "wav", "instances": [b64(wav(SOUND[:100]))]}).json()["predictions"]
    assert found["emotion"] == ""


def test_predict_samples_on_the_scale_of_integers_returns_400(client):
    answer = ask(client, {"instances": [instance(SOUND * 32768)]})
    assert answer.status_code == 400
    assert "divide samples of 16-bit integers by 32768" in answer.json()["error"]


class TestLimits:
    def test_large_body_returns_413(self, client):
        assert ask(client, b" " * 1_000_001).status_code == 413

    def test_large_body_without_content_length_returns_413(self, client):
        answer = client.post(f"{MODEL}:predict", content=(b" " * 100_000 for _ in range(11)))
        assert answer.status_code == 413

    def test_response_timeout_returns_504(self, served):
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
    def test_invalid_path_returns_400_or_404(self, client, path):
        answer = ask(client, {"instances": [instance()]}, path)
        assert answer.status_code in (400, 404)
        assert "error" in answer.json()


def test_batched_requests_equal_single_requests(client, served):
    sounds = [0.1 * GENERATOR.normal(size=size).astype(np.float32) for size in (900, 4800, 2000, 16000, 700, 3000)]
    alone = [ask(client, {"instances": [instance(sound)]}).json() for sound in sounds]
    sizes = []
    app = create_app([served], Limits(batch=4, batch_wait_s=0.3, detect_speech=False))
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


def test_invalid_file_does_not_affect_its_batch(served):
    app = create_app([served], Limits(batch=4, batch_wait_s=0.3, detect_speech=False))
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
