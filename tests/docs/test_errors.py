import pytest


@pytest.fixture
def module(script):
    return script("update_errors")


def test_generated_block_matches_stored_predictions(module):
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_errors.py`"
    assert module.update(page.replace("<!-- errors -->", "<!-- errors -->\n99.9")) == page


def prediction(label, predicted, *, intensity="01", actor="02", share=0.5):
    rest = (1 - share) / 2
    shares = {"p_calm": rest, "p_sad": rest, "p_angry": rest, f"p_{predicted}": share}
    name = f"03-01-01-{intensity}-01-01-{actor}"
    return {"id": name, "label": label, "predicted": predicted, **{key: str(value) for key, value in shares.items()}}


def test_recall_is_mean_over_classes(module):
    found = [
        prediction("calm", "calm"),
        prediction("calm", "calm"),
        prediction("calm", "sad"),
        prediction("sad", "calm"),
    ]
    assert module.recall(found, lambda one: one["label"] == one["predicted"]) == pytest.approx((2 / 3 + 0) / 2)


def test_parts_follow_from_ids(module):
    woman, man = prediction("calm", "calm"), prediction("sad", "sad", intensity="02", actor="13")
    assert [name for name, belongs in module._PARTS.items() if belongs(man)] == [
        "all",
        "men",
        "strong intensity (without neutral, which has none)",
        "first statement",
    ]
    assert module._PARTS["women"](woman)
    assert not module._PARTS["normal intensity (without neutral)"](prediction("neutral", "calm"))


def test_mistakes_are_shares_of_true_class(module):
    found = [
        prediction("calm", "sad"),
        prediction("calm", "calm"),
        *[prediction("sad", "sad")] * 9,
        prediction("sad", "angry"),
    ]
    assert module._mistakes(found) == "calm as sad 50, sad as angry 10"
