import numpy as np
import pytest

from ser_fop.corpora.label_map import LabelMap
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.known_classes import KnownClasses
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.labelled_folds import finetuning_folds

MAP = LabelMap({"happy": [], "sad": [], "angry": [], "surprised": []}, source="map")


def corpus(folder, name, emotions, seed=0):
    mels = toy_utterances(emotions=emotions, seed=seed)
    return write_toy_records(folder / name, mels, corpus=name, labels=tuple(sorted(emotions)))


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    return JoinedRecords([corpus(root, "one", ("happy", "sad")), corpus(root, "two", ("sad", "angry"))], MAP)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return JoinedRecords([corpus(tmp_path_factory.mktemp("other"), "other", ("surprised", "sad"))], MAP)


@pytest.fixture(scope="module")
def known(joined):
    return KnownClasses(joined, split_fold(joined, finetuning_folds(joined, path=None).folds[0]))


def test_known_classes_are_those_of_the_corpus(known):
    assert known.of(["one:a", "two:b"]) == {"one:a": (1.0, 1.0, 0.0), "two:b": (0.0, 1.0, 1.0)}


def test_among_gives_unknown_classes_no_probability(known):
    found = known.among({"one:a": np.array([0.1, 0.3, 0.6]), "two:a": np.array([0.0, 0.3, 0.7])})
    np.testing.assert_allclose(found["one:a"], [0.25, 0.75, 0.0])
    np.testing.assert_allclose(found["two:a"], [0.0, 0.3, 0.7])


def test_among_is_uniform_where_all_known_classes_have_probability_0(known):
    np.testing.assert_allclose(known.among({"one:a": np.array([0.0, 0.0, 1.0])})["one:a"], [0.5, 0.5, 0.0])


@pytest.mark.parametrize(("renamed", "expected"), [((), (0.0, 1.0, 0.0)), (("surprised=happy",), (1.0, 1.0, 0.0))])
def test_renamed_labels_of_the_test_corpus_are_known(joined, other, renamed, expected):
    fold = finetuning_folds(joined, path=None).folds[0]
    split = split_fold(joined, fold, test_records=other, test_labels=renamed)
    assert KnownClasses(joined, split).of(["other:a"]) == {"other:a": expected}
