import dataclasses

import pytest

from ser_fop.corpora.folds import Fold
from ser_fop.errors import DataWarning, InputError
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
    def test_split_fold_follows_the_fold(self, records):
        parts = split_fold(records, FOLD)
        assert [speakers_of(records, one) for one in (parts.train, parts.validation, parts.test)] == [
            set(FOLD.train),
            set(FOLD.validation),
            set(FOLD.test),
        ]
        assert parts.test == {"anna-0": 0, "anna-1": 1}
        assert [(row.id, row.label) for row in parts.test_rows] == [("anna-0", "happy"), ("anna-1", "sad")]
        assert set(parts.trained_on) == {f"toy:{name}" for name in (*FOLD.train, *FOLD.validation)}
        assert (parts.validated, parts.tested) == (records, records)

    def test_split_fold_warns_of_class_of_test_speakers_only(self, tmp_path):
        mels = toy_utterances(speakers=SPEAKERS, per_speaker=4, emotions=("happy", "sad"))
        afraid = {
            dataclasses.replace(one, label="fear") if one.speaker == "anna" and one.label == "sad" else one: mel
            for one, mel in mels.items()
        }
        records = write_toy_records(tmp_path / "records", afraid, labels=("fear", "happy", "sad"))
        with pytest.warns(
            DataWarning, match=r"^fold 3: no training speaker has the class 'fear', so its recall .* is 0"
        ):
            split_fold(records, FOLD, name="fold 3")

    @pytest.mark.filterwarnings("error")
    def test_split_fold_with_all_classes_in_training_warns_of_nothing(self, records):
        split_fold(records, FOLD)

    def test_train_on_all_uses_all_speakers_for_training(self, records):
        parts = train_on_all(records)
        assert speakers_of(records, parts.train) == set(SPEAKERS)
        assert (parts.validation, parts.test, parts.test_rows) == ({}, {}, ())
        assert set(parts.trained_on) == {f"toy:{name}" for name in SPEAKERS}
        with pytest.raises(InputError, match="has no labelled utterance to train on"):
            train_on_all(records, styles=("whispered",))

    def test_split_fold_rejects_speaker_in_two_parts(self, records):
        with pytest.raises(InputError, match="speaker 'toy:carl' is in both"):
            split_fold(records, Fold(test=("carl",), validation=("bert",), train=("carl",)))

    def test_split_rejects_training_part_with_one_class(self, tmp_path):
        mels = toy_utterances(speakers=SPEAKERS, per_speaker=3, emotions=("sad",))
        one_class = write_toy_records(tmp_path / "records", mels)
        for split in (lambda: split_fold(one_class, FOLD), lambda: train_on_all(one_class)):
            with pytest.raises(InputError, match=r"two or more classes in .*, received 'sad' only"):
                split()

    def test_split_fold_rejects_part_without_labels(self, records):
        with pytest.raises(InputError, match="the test speakers of this fold have no labelled utterance in"):
            split_fold(records, Fold(test=("nobody",), validation=("bert",), train=("carl",)))

    def test_split_fold_select_on_test_validates_on_test_speakers(self, records):
        parts = split_fold(records, FOLD, select_on="test")
        assert parts.validation == parts.test != split_fold(records, FOLD).validation
        assert not set(parts.train) & set(parts.test)

    def test_split_fold_rejects_style_without_utterances(self, records):
        with pytest.raises(InputError, match="no labelled utterance of style whispered"):
            split_fold(records, FOLD, styles=("whispered",))

    @pytest.mark.parametrize(
        ("seen_speakers", "expected"), [(("toy:carl",), False), (("toy:anna",), True), ((), False)]
    )
    def test_is_transductive_after_seeing_a_test_speaker(self, records, seen_speakers, expected):
        assert split_fold(records, FOLD).is_transductive(seen_speakers) is expected

    def test_check_no_label_leakage_rejects_labelled_test_speaker(self, records):
        parts = split_fold(records, FOLD)
        parts.check_no_label_leakage(tuple(f"toy:{name}" for name in (*FOLD.train, *FOLD.validation)))
        with pytest.raises(InputError, match=f"has seen the labels of toy:{FOLD.test[0]}"):
            parts.check_no_label_leakage((f"toy:{FOLD.test[0]}", "other:carl"))

    def test_is_transductive_with_normalisation_by_speaker(self, records, tmp_path):
        for by, expected in (("speaker", True), ("utterance", False)):
            features = dataclasses.replace(FEATURES, normalised_by=by)
            mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
            normalised = write_toy_records(tmp_path / by, mels, features=features)
            assert split_fold(normalised, FOLD).is_transductive(()) is expected

    def test_is_transductive_is_false_after_pretraining_without_test_speakers(self, records):
        split = split_for_pretraining([records], excluded_speakers={"toy": FOLD.test}, validation_share=0.2, seed=0)
        whole_split = split_for_pretraining([records], excluded_speakers={}, validation_share=0.2, seed=0)
        assert not split_fold(records, FOLD).is_transductive(split.seen_speakers)
        assert split_fold(records, FOLD).is_transductive(whole_split.seen_speakers)


class TestAnotherCorpus:
    def test_split_fold_tests_all_speakers_of_another_corpus(self, records, others):
        parts = split_fold(records, FOLD, test_records=others, test_labels=("joy=happy",))
        assert speakers_of(records, parts.train) == {*FOLD.train, *FOLD.test}
        assert parts.tested is others
        assert {row.id: row.label for row in parts.test_rows} == {
            "gina-0": "happy",
            "gina-1": "sad",
            "hans-0": "happy",
            "hans-1": "sad",
        }
        assert parts.test == {"gina-0": 0, "gina-1": 1, "hans-0": 0, "hans-1": 1}
        assert parts.unmatched_utterances == 2  # `bored`; utterances without a label are not counted

    def test_split_fold_keeps_labels_of_equal_names(self, records, others):
        parts = split_fold(records, FOLD, test_records=others)
        assert {row.label for row in parts.test_rows} == {"sad"}

    def test_split_fold_select_on_test_uses_records_of_another_corpus(self, records, others):
        parts = split_fold(records, FOLD, test_records=others, select_on="test")
        assert (parts.validated, parts.validation) == (others, parts.test)

    @pytest.mark.parametrize("renaming", ["joy", "joy=glad", "jooy=happy"])
    def test_split_fold_rejects_invalid_test_labels(self, records, others, renaming):
        with pytest.raises(InputError, match="THEIRS=OURS"):
            split_fold(records, FOLD, test_records=others, test_labels=(renaming,))

    def test_split_fold_rejects_test_labels_without_test_records(self, records):
        with pytest.raises(InputError, match="--test-labels expected --test-records"):
            split_fold(records, FOLD, test_labels=("joy=happy",))

    def test_split_fold_rejects_same_corpus_as_test_records(self, records):
        with pytest.raises(InputError, match="is in both"):
            split_fold(records, FOLD, test_records=records)

    def test_require_comparable_rejects_different_features(self, records, others, tmp_path):
        require_comparable(records, others)
        require_comparable(records, None)
        features = dataclasses.replace(FEATURES, hop_s=0.02)
        coarse = write_toy_records(tmp_path / "coarse", toy_utterances(), corpus="coarse", features=features)
        with pytest.raises(InputError, match=r"hop_s is 0\.01 and 0\.02"):
            require_comparable(records, coarse)
