import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_fop.corpora.base import Listing, with_distinct_names
from ser_fop.corpora.name_variants import canonical, label_problems, speaker_problems, variants
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError


def utterances(*pairs):
    return tuple(
        Utterance(id=str(number), file=f"{number}.wav", speaker=speaker, label=emotion)
        for number, (speaker, emotion) in enumerate(pairs)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "01"), ("S1", "s1"), ("spk 1", "spk1"), ("spk_01", "SPK-1"), ("Zoe\u0308", "Zo\u00eb"), ("ＡＢ", "ab")],
)
def test_variants_share_a_canonical_form(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1", "10"), ("p225", "p2250"), ("anna", "anne"), ("0", "00a"), ("1_1", "11")]
)
def test_different_names_stay_different(one, other):
    assert canonical(one) != canonical(other)


@given(st.text(max_size=20))
def test_canonical_form_is_stable(name):
    assert canonical(canonical(name)) == canonical(name)


def test_variants_begin_with_the_most_frequent_spelling():
    assert variants(["s1", "S1", "S1", "s2", ""]) == [("S1", "s1")]


def test_speakers_that_differ_in_spelling_are_refused_until_merged():
    listing = Listing(utterances=utterances(("1", "happy"), ("01", "Happy"), ("01", "Happy"), ("2", "sad")),
                      labels=("Happy", "happy", "sad"))  # fmt: skip
    with pytest.raises(InputError, match=r"'01' \(2 utterances\), '1' \(1 utterance\) differ only .*--merge-names"):
        with_distinct_names(listing, merge=False)
    merged = with_distinct_names(listing, merge=True)
    assert [(one.speaker, one.label) for one in merged.utterances] == [("01", "Happy")] * 3 + [("2", "sad")]
    assert merged.labels == ("Happy", "sad")


def test_distinct_speakers_pass_unchanged():
    listing = Listing(utterances=utterances(("1", "a"), ("2", "b")), labels=("a", "b", "c"))
    assert with_distinct_names(listing, merge=False) is listing
    assert with_distinct_names(listing, merge=True) == listing


@pytest.mark.parametrize("missing", ["nan", "NaN", "None", "n/a", "?"])
def test_labels_that_denote_a_missing_value_are_reported(missing):
    (problem,) = label_problems(utterances(("1", missing), ("2", "sad")))
    assert "denotes a missing value" in problem.message
    assert label_problems(utterances(("1", "neutral"), ("2", ""))) == []


def test_labels_and_speakers_that_differ_in_spelling_are_reported():
    found = utterances(("a", "Happy"), ("A", "happy"))
    assert "differ only in spelling: --merge-names" in label_problems(found)[0].message
    assert speaker_problems(found)[0].file == "speakers"
