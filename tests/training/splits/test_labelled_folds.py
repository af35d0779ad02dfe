import pytest

from ser_fop.corpora.folds import Fold, FoldFile, write_folds
from ser_fop.corpora.label_map import LabelMap
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.labelled_folds import finetuning_folds
from ser_fop.training.splits.pretraining import folds_of_records

MAP = LabelMap({"happy": [], "sad": []}, source="map")


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    """Five speakers and an unknown one; three; and one corpus of unknown speakers."""
    root = tmp_path_factory.mktemp("corpora")
    speakers = {
        "five": ("anna", "bert", "carl", "dora", "emil", "unknown"),
        "three": ("anna", "fred", "gina"),
        "crowd": ("unknown",),
    }
    return JoinedRecords(
        [write_toy_records(root / name, toy_utterances(speakers=who), corpus=name) for name, who in speakers.items()],
        MAP,
    )


def test_finetuning_folds_of_one_corpus_are_its_own(joined):
    part = joined.parts[0]
    assert finetuning_folds(part, path=None) == folds_of_records(part)


def test_finetuning_folds_test_each_known_speaker_once(joined):
    folds = finetuning_folds(joined, path=None).folds
    tested = [speaker for fold in folds for speaker in fold.test]
    assert sorted(tested) == sorted(speaker for speaker in joined.speakers if not speaker.endswith(":unknown"))
    for fold in folds:
        assert {"five:unknown", "crowd:unknown"} <= set(fold.train)
        assert set(fold.part_of()) == set(joined.speakers)


def test_finetuning_folds_beyond_those_of_a_corpus_train_on_it(joined):
    *_, last = finetuning_folds(joined, path=None).folds
    assert not [speaker for speaker in last.test if speaker.startswith("three:")]
    assert len([speaker for speaker in last.train if speaker.startswith("three:")]) == 2


def test_finetuning_folds_from_a_file_name_speakers_with_their_corpus(joined, tmp_path):
    path = tmp_path / "folds.json"
    known = [speaker for speaker in joined.speakers if not speaker.endswith(":unknown")]
    fold = Fold(test=(known[0],), validation=(known[1],), train=tuple(known[2:]))
    write_folds(path, FoldFile(corpus="any", protocol="own", description="", folds=(fold,)))
    (found,) = finetuning_folds(joined, path=path).folds
    assert found.test == fold.test
    assert set(found.train) == {*fold.train, "five:unknown", "crowd:unknown"}


def test_corpora_of_unknown_speakers_alone_raise_input_error(joined):
    with pytest.raises(InputError, match="holds no fold"):
        finetuning_folds(JoinedRecords([joined.parts[2]], MAP), path=None)


def test_unknown_speakers_of_another_corpus_are_not_tested(joined):
    training = JoinedRecords(joined.parts[1:2], MAP)
    fold = finetuning_folds(training, path=None).folds[0]
    split = split_fold(training, fold, test_records=JoinedRecords(joined.parts[:1], MAP))
    assert {row.speaker for row in split.test_rows} == {
        f"five:{name}" for name in ("anna", "bert", "carl", "dora", "emil")
    }
