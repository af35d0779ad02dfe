"""Damaged request bodies: the server answers with 200 or 4xx, never with 500, and continues."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from tests.robustness.mutations import mutate

PREDICT = "/v1/models/emotion:predict"
SOUND = 0.1 * np.random.default_rng(0).normal(size=4800).astype(np.float32)


def wav(subtype="PCM_16"):
    file = io.BytesIO()
    soundfile.write(file, SOUND, 16000, format="WAV", subtype=subtype)
    return file.getvalue()


def encoded(content):
    return {"b64": base64.b64encode(content).decode()}


def assert_answered(client, body, seed):
    answer = client.post(PREDICT, content=body)
    assert answer.status_code in (200, 400, 404, 413), (seed, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"], seed
    return answer.status_code


BODIES = {
    "waveform": {"instances": [{"waveform": SOUND[:800].tolist(), "length": 800}]},
    "columns": {"inputs": {"waveform": [SOUND[:800].tolist()], "length": [800]}},
    "mel": {"signature_name": "mel", "instances": [{"mel": np.zeros((3, 80)).tolist(), "length": 3}]},
    "wav": {"signature_name": "wav", "instances": [encoded(wav())]},
}


@pytest.mark.parametrize("name", BODIES)
def test_damaged_body_is_answered(client, name):
    content = json.dumps(BODIES[name]).encode()
    codes = [assert_answered(client, mutate(content, seed, header=200), seed) for seed in range(100)]
    # Damage to the body of `mel`, which is nearly all numbers, leaves hardly any valid JSON.
    assert set(codes) >= ({400} if name == "mel" else {200, 400})
    assert assert_answered(client, content, "undamaged") == 200, "the server continues"


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_damaged_wav_is_answered(client, subtype):
    content = wav(subtype)
    codes = []
    for seed in range(100):
        body = {"signature_name": "wav", "instances": [encoded(mutate(content, seed))]}
        codes.append(assert_answered(client, json.dumps(body), seed))
    assert set(codes) >= {200, 400}


def replaced(value, seed):
    """Return a JSON value with one part replaced by a value of another type."""
    generator = np.random.default_rng(seed)
    others = [
        None,
        True,
        -1,
        2**40,
        1e300,
        "",
        "x",
        [],
        {},
        [[]],
        [None],
        {"b64": "!"},
        {"b64": ""},
        [1, "a"],
        [[1], [1, 2]],
    ]
    if not isinstance(value, dict | list) or not value or generator.random() < 0.25:
        return others[int(generator.integers(len(others)))]
    if isinstance(value, dict):
        key = list(value)[int(generator.integers(len(value)))]
        return {**value, key: replaced(value[key], seed + 1000)}
    at = int(generator.integers(min(len(value), 3)))
    return [*value[:at], replaced(value[at], seed + 1000), *value[at + 1 :]]


@pytest.mark.parametrize("name", BODIES)
def test_body_with_a_value_of_another_type_is_answered(client, name):
    for seed in range(100):
        assert_answered(client, json.dumps(replaced(BODIES[name], seed)), seed)
