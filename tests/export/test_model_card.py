import pytest

from ser_fop.corpora.registry import CORPORA
from ser_fop.export.model_card import _corpus_of


@pytest.mark.parametrize(
    ("stated", "is_published"),
    [({}, True), ({"title": "RAVDESS (speech)"}, True), ({"title": "Our copy, with our own takes"}, False)],
)
def test_corpus_of_an_owner_may_have_the_name_of_a_published_one(stated, is_published):
    described = {"made": [{"corpora": [{"name": "ravdess", "licence": "none", **stated}]}] if stated else [{}]}
    corpus, own = _corpus_of("ravdess", described)
    assert corpus is (CORPORA["ravdess"] if is_published else None)
    assert own.get("title") == stated.get("title")


def test_unknown_corpus_is_its_owners():
    assert _corpus_of("mine", {"made": [{}]}) == (None, {})
