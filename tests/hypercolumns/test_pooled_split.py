import collections
import dataclasses

import numpy as np
import pytest

from ser_fop.config.settings import ClassifierSettings
from ser_fop.config.stages import ClassifyConfig
from ser_fop.data.joined_records import corpus_of
from ser_fop.hypercolumns.pooled_split import PooledSplit
from ser_fop.hypercolumns.provenance import records_to_train
from ser_fop.testing.toy_features import write_toy_features
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.labelled_folds import finetuning_folds


class Column:
    """A classifier whose decisions are the columns of its features."""

    classes_ = np.array(["angry", "happy", "sad"])

    def decision_function(self, features):
        return features[:, :3]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Two corpora with other classes; `one` has twice as many utterances, most of them happy."""
    root = tmp_path_factory.mktemp("corpora")
    folders = []
    for name, emotions, count in (("one", ("happy", "happy", "sad"), 12), ("two", ("angry", "sad"), 6)):
        mels = toy_utterances(per_speaker=count, emotions=emotions, frames=(2, 3))
        records = write_toy_records(root / f"records-{name}", mels, corpus=name, labels=tuple(sorted(set(emotions))))
        folders.append(write_toy_features(root / name, records, spread=1.0))
    return ClassifyConfig(hypercolumns=tuple(folders), out=root / "out", feature="F")


def split_of(config, **settings):
    config = dataclasses.replace(config, settings=ClassifierSettings(**settings))
    records = records_to_train(config)
    return PooledSplit(config, records, split_fold(records, finetuning_folds(records, path=None).folds[0]))


def test_weights_give_corpora_and_their_classes_the_same_total(config):
    data = split_of(config, class_weights="corpus_balanced")
    ids, totals = [*data.split.train, *data.split.validation], collections.Counter()
    labels, weights = np.concatenate(list(data.y.values())), data.weights(["train", "validation"])
    for key, label, weight in zip(ids, labels, weights, strict=True):
        totals[corpus_of(key), str(label)] += weight
    assert set(totals) == {("one", "happy"), ("one", "sad"), ("two", "angry"), ("two", "sad")}
    np.testing.assert_allclose(list(totals.values()), len(ids) / 4)
    assert split_of(config).weights(["train"]) is None


def test_validation_accuracy_is_the_mean_over_corpora_of_their_recalls(config):
    found, right = split_of(config, class_weights="corpus_balanced"), {}
    answers = found.answers(Column(), found.x["validation"], "validation")
    for key, label, answer in zip(found.split.validation, found.y["validation"], answers, strict=True):
        right.setdefault(corpus_of(key), {}).setdefault(str(label), []).append(label == answer)
    recalls = [np.mean([np.mean(one) for one in by_class.values()]) for by_class in right.values()]
    arguments = (Column(), found.x["validation"], found.y["validation"])
    assert found.validation_accuracy(*arguments) == pytest.approx(np.mean(recalls))
    plain = split_of(config).validation_accuracy(*arguments)
    assert plain == pytest.approx(np.mean(answers == found.y["validation"]))
    assert plain != pytest.approx(np.mean(recalls))  # counter-case


def test_answers_on_validation_are_classes_of_the_corpus(config):
    data = split_of(config)
    answers = data.answers(Column(), np.tile([3.0, 2.0, 1.0], (len(data.split.validation), 1)), "validation")
    by_corpus = {(corpus_of(key), str(answer)) for key, answer in zip(data.split.validation, answers, strict=True)}
    assert by_corpus == {("one", "happy"), ("two", "angry")}


def test_speakers_have_the_order_of_the_utterances(config):
    data = split_of(config)
    ids = [*data.split.train, *data.split.validation]
    assert data.speakers(["train", "validation"]).tolist() == [key.rpartition("-")[0] for key in ids]
