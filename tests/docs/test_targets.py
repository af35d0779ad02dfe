import json

import pytest


@pytest.fixture
def module(script):
    return script("update_targets")


def test_page_and_picture_show_the_stored_figures(module):
    result = json.loads(module.RESULT.read_text(encoding="utf-8"))
    assert module.table(result) in module.PAGE.read_text(encoding="utf-8")
    assert module.plot(result) == module.PICTURE.read_text(encoding="utf-8").rstrip("\n")


def test_answer_of_the_page_agrees_with_the_figures(module):
    gains = json.loads(module.RESULT.read_text(encoding="utf-8"))["gains"]
    assert {gain["task"] for gain in gains if gain["interval"]["low"] > 0} == {"speaker"}
    assert all(gain["interval"]["low"] > 0 for gain in gains if gain["task"] == "speaker")
