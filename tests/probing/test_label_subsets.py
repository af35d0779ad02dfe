import pytest

from ser_fop.corpora.folds import FoldFile, speaker_folds
from ser_fop.probing.label_subsets import with_few_speakers
from ser_fop.probing.names import ALL_SPEAKERS
from ser_fop.testing.toy_records import toy_utterances, write_toy_records

SPEAKERS = tuple("abcdefghij")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    # `a` to `i` are happy and sad, `j` is unlabelled, and nobody knows who `unknown` is.
    mels = toy_utterances(speakers=(*SPEAKERS[:-1], "unknown"), per_speaker=2)
    mels |= toy_utterances(speakers=SPEAKERS[-1:], emotions=("",), per_speaker=1)
    return write_toy_records(tmp_path_factory.mktemp("records"), mels)


@pytest.fixture(scope="module")
def folds(records):
    made = speaker_folds("toy", SPEAKERS, count=5)
    with_unknown = tuple(
        type(fold)(test=fold.test, validation=fold.validation, train=(*fold.train, "unknown")) for fold in made.folds
    )
    return FoldFile(corpus="toy", protocol="x", description="", folds=with_unknown)


def test_few_speakers_are_drawn_from_the_training_speakers(records, folds):
    few = with_few_speakers(records, folds, 3, seed=0)
    assert few.protocol == "x, 3 training speakers"
    for before, after in zip(folds.folds, few.folds, strict=True):
        assert (before.test, before.validation) == (after.test, after.validation)
        assert len(after.train) == 3
        assert set(after.train) <= set(before.train) - {"unknown", "j"}
        assert set(after.train) | set(after.unused) == set(before.train)


def test_draws_depend_on_the_seed_alone(records, folds):
    assert with_few_speakers(records, folds, 3, seed=0) == with_few_speakers(records, folds, 3, seed=0)
    assert with_few_speakers(records, folds, 3, seed=0) != with_few_speakers(records, folds, 3, seed=1)


def test_all_speakers_are_the_folds_themselves(records, folds):
    assert with_few_speakers(records, folds, ALL_SPEAKERS, seed=0) is folds


def test_no_draw_of_all_or_more_speakers(records, folds):
    assert with_few_speakers(records, folds, 5, seed=0) is None  # a fold has five labelled and known ones
    assert with_few_speakers(records, folds, 20, seed=0) is None


def test_drawn_speakers_have_all_classes(tmp_path):
    mels = {}
    for number, emotion in enumerate(["happy", "sad"] * 4):
        mels |= toy_utterances(speakers=(f"s{number}",), emotions=(emotion,), per_speaker=1)
    records = write_toy_records(tmp_path / "records", mels)
    folds = speaker_folds("toy", [f"s{number}" for number in range(8)], count=4)
    emotion_of = {row.speaker: row.label for row in records.rows}
    for fold in with_few_speakers(records, folds, 2, seed=0).folds:
        assert {emotion_of[speaker] for speaker in fold.train} == {"happy", "sad"}
    assert with_few_speakers(records, folds, 1, seed=0) is None  # no speaker has both
