import dataclasses

import numpy as np
import pytest

from ser_fop.corpora.label_map import LabelMap
from ser_fop.data.joined_records import JoinedRecords, corpus_of, labelled_records
from ser_fop.data.records import Records, mel_moments
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records

MAP = LabelMap({"happy": ["joy"], "sad": [], "angry": [], "unlabelled": ["other"]}, source="map")


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("one") / "records", toy_utterances(), corpus="one")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    mels = toy_utterances(speakers=("anna", "dora"), emotions=("joy", "angry", "other"), seed=1)
    return write_toy_records(
        tmp_path_factory.mktemp("two") / "records", mels, corpus="two", labels=("angry", "joy", "other")
    )


@pytest.fixture(scope="module")
def joined(one, two):
    return JoinedRecords([one, two], MAP)


def test_ids_and_speakers_carry_the_corpus(joined, one, two):
    assert [row.id for row in joined.rows] == [
        *(f"one:{row.id}" for row in one.rows),
        *(f"two:{row.id}" for row in two.rows),
    ]
    assert joined.speakers == ("one:anna", "one:bert", "one:carl", "two:anna", "two:dora")
    assert {row.id for row in joined.of_speakers(["two:anna"])} == {f"two:anna-{number}" for number in range(4)}
    assert corpus_of("two:anna-0") == "two"


def test_labels_are_common_names_in_the_order_of_the_map(joined):
    assert joined.manifest.labels == ("happy", "sad", "angry")
    assert joined.classes_of == {"one": ("happy", "sad"), "two": ("happy", "angry")}
    assert {row.label for row in joined.rows if row.annotation == "other" or row.id == "two:anna-2"} == {""}


def test_statistics_are_those_of_the_parts(joined, one, two):
    ids = {row.id for row in joined.rows}
    expected = mel_moments([(part, {row.id for row in part.rows}) for part in (one, two)])
    np.testing.assert_allclose(mel_moments([(joined, ids)]), expected)
    assert not np.allclose(mel_moments([(joined, {key for key in ids if corpus_of(key) == "one"})]), expected)


def test_equal_corpus_names_raise_input_error(one):
    with pytest.raises(InputError, match="corpus 'one'"):
        JoinedRecords([one, one], MAP)


def test_other_features_raise_input_error(one, tmp_path):
    features = dataclasses.replace(FEATURES, level="speech")
    other = write_toy_records(tmp_path / "other", toy_utterances(), corpus="other", features=features)
    with pytest.raises(InputError, match="level is recorded and speech"):
        JoinedRecords([one, other], MAP)


def test_label_that_the_map_lacks_raises_input_error(one):
    with pytest.raises(InputError, match="'sad'"):
        JoinedRecords([one], LabelMap({"happy": []}, source="map"))


def test_labelled_records_of_one_folder_keep_their_labels(one, two, tmp_path):
    assert isinstance(labelled_records([one.folder]), Records)
    path = tmp_path / "map.yaml"
    path.write_text("glad: [happy]\nsad: []\n", encoding="utf-8")
    assert labelled_records([one.folder], path).manifest.labels == ("glad", "sad")
    assert labelled_records([one.folder, two.folder]).manifest.labels == ("happy", "sad", "angry")
    with pytest.raises(InputError, match="at least one records folder"):
        labelled_records([])
