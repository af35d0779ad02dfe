import pytest


@pytest.fixture
def module(script):
    return script("update_errors")


def test_the_figures_of_the_page_are_those_kept(module):
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.update(page) == page, "run `python docs/update_errors.py`"
    assert module.update(page.replace("<!-- errors -->", "<!-- errors -->\n99.9")) == page


def answer(label, predicted, *, intensity="01", actor="02", share=0.5):
    rest = (1 - share) / 2
    shares = {"p_calm": rest, "p_sad": rest, "p_angry": rest, f"p_{predicted}": share}
    name = f"03-01-01-{intensity}-01-01-{actor}"
    return {"id": name, "label": label, "predicted": predicted, **{key: str(value) for key, value in shares.items()}}


def test_recall_is_a_mean_over_classes(module):
    found = [answer("calm", "calm"), answer("calm", "calm"), answer("calm", "sad"), answer("sad", "calm")]
    assert module.recall(found, lambda one: one["label"] == one["predicted"]) == pytest.approx((2 / 3 + 0) / 2)


def test_parts_are_read_from_ids(module):
    woman, man = answer("calm", "calm"), answer("sad", "sad", intensity="02", actor="13")
    assert [name for name, belongs in module._PARTS.items() if belongs(man)] == [
        "all",
        "men",
        "strong intensity (without neutral, which has none)",
        "first statement",
    ]
    assert module._PARTS["women"](woman)
    assert not module._PARTS["normal intensity (without neutral)"](answer("neutral", "calm"))


def test_mistakes_are_shares_of_the_true_class(module):
    found = [answer("calm", "sad"), answer("calm", "calm"), *[answer("sad", "sad")] * 9, answer("sad", "angry")]
    assert module._mistakes(found) == "calm for sad 50, sad for angry 10"
