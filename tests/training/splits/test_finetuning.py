import dataclasses

import pytest

from ser_fop.corpora.folds import Fold
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records
from ser_fop.training.splits.finetuning import require_comparable, split_fold, train_on_all
from ser_fop.training.splits.pretraining import split_for_pretraining

SPEAKERS = ("anna", "bert", "carl", "dora", "emil", "fred")
FOLD = Fold(test=("anna",), validation=("bert",), train=("carl", "dora", "emil", "fred"))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    mels = toy_utterances(speakers=("gina", "hans"), per_speaker=4, emotions=("joy", "sad", "bored", ""))
    return write_toy_records(
        tmp_path_factory.mktemp("others") / "records", mels, corpus="others", labels=("bored", "joy", "sad")
    )


def speakers_of(records, classes):
    return {row.speaker for row in records.rows if row.id in classes}


class TestOneCorpus:
    def test_parts_are_those_of_the_fold(self, records):
        parts = split_fold(records, FOLD)
        assert [speakers_of(records, one) for one in (parts.train, parts.validation, parts.test)] == [
            set(FOLD.train),
            set(FOLD.validation),
            set(FOLD.test),
        ]
        assert parts.test == {"anna-0": 0, "anna-1": 1}
        assert [(row.id, row.emotion) for row in parts.test_rows] == [("anna-0", "happy"), ("anna-1", "sad")]
        assert set(parts.trained_on) == {f"toy:{name}" for name in (*FOLD.train, *FOLD.validation)}
        assert (parts.validated, parts.tested) == (records, records)

    def test_everyone_is_trained_on_and_nobody_else_is_left(self, records):
        parts = train_on_all(records)
        assert speakers_of(records, parts.train) == set(SPEAKERS)
        assert (parts.validation, parts.test, parts.test_rows) == ({}, {}, ())
        assert set(parts.trained_on) == {f"toy:{name}" for name in SPEAKERS}
        with pytest.raises(InputError, match="has no labelled utterance to train on"):
            train_on_all(records, styles=("whispered",))

    def test_a_speaker_in_two_parts_is_refused(self, records):
        with pytest.raises(InputError, match="'toy:carl' would be trained on and tested"):
            split_fold(records, Fold(test=("carl",), validation=("bert",), train=("carl",)))

    def test_one_class_alone_is_nothing_to_tell_apart(self, tmp_path):
        mels = toy_utterances(speakers=SPEAKERS, per_speaker=3, emotions=("sad",))
        sad = write_toy_records(tmp_path / "records", mels)
        for part in (lambda: split_fold(sad, FOLD), lambda: train_on_all(sad)):
            with pytest.raises(InputError, match=r"nothing to tell apart.*have utterances of 'sad' alone"):
                part()

    def test_a_part_without_a_label_is_refused(self, records):
        with pytest.raises(InputError, match="the test speakers of this fold have no labelled utterance in"):
            split_fold(records, Fold(test=("nobody",), validation=("bert",), train=("carl",)))

    def test_selecting_on_test_is_only_done_when_asked_for(self, records):
        parts = split_fold(records, FOLD, select_on="test")
        assert parts.validation == parts.test != split_fold(records, FOLD).validation
        assert not set(parts.train) & set(parts.test)

    def test_styles(self, records):
        with pytest.raises(InputError, match="no labelled utterance of style whispered"):
            split_fold(records, FOLD, styles=("whispered",))

    @pytest.mark.parametrize(
        ("seen_speakers", "expected"), [(("toy:carl",), False), (("toy:anna",), True), ((), False)]
    )
    def test_a_network_that_heard_a_test_speaker_is_transductive(self, records, seen_speakers, expected):
        assert split_fold(records, FOLD).is_transductive(seen_speakers) is expected

    def test_a_network_that_was_told_a_test_speaker_s_emotions_is_refused(self, records):
        parts = split_fold(records, FOLD)
        parts.check_no_label_leakage(tuple(f"toy:{name}" for name in (*FOLD.train, *FOLD.validation)))
        with pytest.raises(InputError, match=f"has seen the labels of toy:{FOLD.test[0]}"):
            parts.check_no_label_leakage((f"toy:{FOLD.test[0]}", "other:carl"))

    def test_speakers_that_are_normalised_by_their_own_speech_are_transductive(self, records, tmp_path):
        for by, expected in (("speaker", True), ("utterance", False)):
            features = dataclasses.replace(FEATURES, normalised_by=by)
            mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
            normalised = write_toy_records(tmp_path / by, mels, features=features)
            assert split_fold(normalised, FOLD).is_transductive(()) is expected

    def test_pretraining_that_leaves_the_fold_out_is_not_transductive(self, records):
        split = split_for_pretraining([records], excluded_speakers={"toy": FOLD.test}, validation_share=0.2, seed=0)
        train_on_all = split_for_pretraining([records], excluded_speakers={}, validation_share=0.2, seed=0)
        assert not split_fold(records, FOLD).is_transductive(split.seen_speakers)
        assert split_fold(records, FOLD).is_transductive(train_on_all.seen_speakers)


class TestAnotherCorpus:
    def test_it_is_tested_whole_and_the_test_speakers_are_trained_on(self, records, others):
        parts = split_fold(records, FOLD, test_records=others, test_labels=("joy=happy",))
        assert speakers_of(records, parts.train) == {*FOLD.train, *FOLD.test}
        assert parts.tested is others
        assert {row.id: row.emotion for row in parts.test_rows} == {
            "gina-0": "happy",
            "gina-1": "sad",
            "hans-0": "happy",
            "hans-1": "sad",
        }
        assert parts.test == {"gina-0": 0, "gina-1": 1, "hans-0": 0, "hans-1": 1}
        assert parts.unmatched_utterances == 2  # bored; without a label is not counted

    def test_labels_of_one_name_need_no_renaming(self, records, others):
        parts = split_fold(records, FOLD, test_records=others)
        assert {row.emotion for row in parts.test_rows} == {"sad"}

    def test_selecting_on_it_reads_its_records(self, records, others):
        parts = split_fold(records, FOLD, test_records=others, select_on="test")
        assert (parts.validated, parts.validation) == (others, parts.test)

    @pytest.mark.parametrize("renaming", ["joy", "joy=glad", "jooy=happy"])
    def test_a_wrong_renaming_is_refused(self, records, others, renaming):
        with pytest.raises(InputError, match="THEIRS=OURS"):
            split_fold(records, FOLD, test_records=others, test_labels=(renaming,))

    def test_a_renaming_without_another_corpus_is_refused(self, records):
        with pytest.raises(InputError, match="name that corpus"):
            split_fold(records, FOLD, test_labels=("joy=happy",))

    def test_the_same_speakers_under_the_same_name_are_refused(self, records):
        with pytest.raises(InputError, match="would be trained on and tested"):
            split_fold(records, FOLD, test_records=records)

    def test_both_must_have_been_prepared_alike(self, records, others, tmp_path):
        require_comparable(records, others)
        require_comparable(records, None)
        features = dataclasses.replace(FEATURES, hop_s=0.02)
        coarse = write_toy_records(tmp_path / "coarse", toy_utterances(), corpus="coarse", features=features)
        with pytest.raises(InputError, match=r"hop_s is 0\.01 and 0\.02"):
            require_comparable(records, coarse)
