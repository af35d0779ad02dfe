import dataclasses

import pytest

from ser_fop.corpora.folds import Fold, FoldFile, write_folds
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.pretraining import (
    class_targets,
    folds_of_records,
    held_out_speakers,
    speakers_with_labels,
    split_for_pretraining,
)

SPEAKERS = ("anna", "bert", "carl", "dora", "emil", "fred")
FOLD = Fold(test=("anna",), validation=("bert",), train=("carl", "dora", "emil", "fred"))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels)


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory):
    mels = toy_utterances(speakers=[f"p{number}" for number in range(20)], per_speaker=2, emotions=("",))
    return write_toy_records(tmp_path_factory.mktemp("second") / "records", mels, corpus="second", labels=())


def speakers_of(parts):
    return {f"{records.corpus}:{row.speaker}" for records, ids in parts for row in records.rows if row.id in ids}


def ids_of(parts):
    return {(records.corpus, key) for records, ids in parts for key in ids}


class TestSplitForPretraining:
    @pytest.mark.parametrize("seed", range(5))
    def test_no_test_speaker_is_heard(self, records, unlabelled, seed):
        split = split_for_pretraining(
            [records, unlabelled], excluded_speakers={"toy": ("anna", "dora")}, validation_share=0.1, seed=seed
        )
        train_on_all = speakers_of(split.train) | speakers_of(split.validation)
        assert train_on_all == {f"toy:{name}" for name in ("bert", "carl", "emil", "fred")} | {
            f"second:p{number}" for number in range(20)
        }
        assert set(split.seen_speakers) == train_on_all

    @pytest.mark.parametrize("seed", range(5))
    def test_validation_speakers_are_not_trained_on(self, records, unlabelled, seed):
        split = split_for_pretraining([records, unlabelled], excluded_speakers={}, validation_share=0.1, seed=seed)
        assert speakers_of(split.train).isdisjoint(speakers_of(split.validation))
        assert speakers_of(split.validation) == set(split.validation_speakers)
        assert set(split.validation_speakers) < set(split.seen_speakers)
        assert ids_of(split.train).isdisjoint(ids_of(split.validation))
        assert len(ids_of(split.train) | ids_of(split.validation)) == len(records.rows) + len(unlabelled.rows)

    def test_each_corpus_gives_its_share(self, records, unlabelled):
        split = split_for_pretraining([records, unlabelled], excluded_speakers={}, validation_share=0.1, seed=0)
        names = [speaker.split(":")[0] for speaker in split.validation_speakers]
        assert (names.count("toy"), names.count("second")) == (1, 2)

    def test_seed_decides(self, unlabelled):
        chosen = [
            split_for_pretraining(
                [unlabelled], excluded_speakers={}, validation_share=0.2, seed=seed
            ).validation_speakers
            for seed in (0, 0, 1)
        ]
        assert chosen[0] == chosen[1] != chosen[2]

    @pytest.mark.parametrize(("share", "count"), [(0.0, 1), (0.5, 3), (0.99, 5), (1.0, 5)])
    def test_at_least_one_validates_and_one_trains(self, records, share, count):
        split = split_for_pretraining([records], excluded_speakers={}, validation_share=share, seed=0)
        assert len(split.validation_speakers) == count
        assert len(speakers_of(split.train)) == 6 - count

    def test_speakers_of_another_corpus_with_the_same_name_are_heard(self, records):
        split = split_for_pretraining([records], excluded_speakers={"second": ("anna",)}, validation_share=0.1, seed=0)
        assert "toy:anna" in split.seen_speakers

    def test_the_same_corpus_twice_is_refused(self, records):
        with pytest.raises(InputError, match="two of the records folders hold corpus 'toy'"):
            split_for_pretraining([records, records], excluded_speakers={}, validation_share=0.2, seed=0)

    def test_one_speaker_is_not_enough(self, records):
        with pytest.raises(InputError, match=r"needs at least two speakers.* leaves 1"):
            split_for_pretraining([records], excluded_speakers={"toy": SPEAKERS[1:]}, validation_share=0.1, seed=0)


class TestLeftOut:
    def test_test_speakers_of_the_labelled_corpora(self, records, unlabelled):
        folds = folds_of_records(records)
        for number, fold in enumerate(folds.folds):
            found = held_out_speakers([unlabelled, records], fold=number, path=None)
            assert found.excluded_speakers == {"toy": fold.test}
            assert found.unlabelled_speakers == {"toy": fold.validation}

    def test_a_fold_of_ones_own(self, records, tmp_path):
        write_folds(tmp_path / "f.json", FoldFile(corpus="toy", protocol="x", description="x", folds=(FOLD,)))
        assert held_out_speakers([records], fold=0, path=tmp_path / "f.json").excluded_speakers == {"toy": ("anna",)}

    def test_those_that_the_fold_does_not_use(self, records, tmp_path):
        fold = dataclasses.replace(FOLD, train=FOLD.train[1:], unused=FOLD.train[:1])
        write_folds(tmp_path / "f.json", FoldFile(corpus="toy", protocol="x", description="x", folds=(fold,)))
        assert held_out_speakers([records], fold=0, path=tmp_path / "f.json").excluded_speakers == {
            "toy": ("anna", *FOLD.train[:1])
        }

    def test_without_labels_there_is_no_fold(self, unlabelled):
        with pytest.raises(InputError, match="none of the records has emotion labels"):
            held_out_speakers([unlabelled], fold=0, path=None)
        with pytest.raises(InputError, match="no emotion labels, so it has no folds"):
            folds_of_records(unlabelled)


class TestToldClasses:
    def test_training_speakers_alone_are_told(self, records, unlabelled):
        split = split_for_pretraining(
            [unlabelled, records], excluded_speakers={"toy": FOLD.test}, validation_share=0.2, seed=0
        )
        classes, count = class_targets(split, unlabelled_speakers={"toy": FOLD.validation})
        rows = {row.id: row for row in records.rows}
        assert count == len(records.manifest.labels)
        assert classes
        labelled_speakers = {rows[key].speaker for key in classes}
        assert labelled_speakers.isdisjoint({*FOLD.test, *FOLD.validation})
        assert set(speakers_with_labels(split, classes)) == {f"toy:{name}" for name in labelled_speakers}
        assert speakers_with_labels(split, ()) == ()
        assert labelled_speakers.isdisjoint(name.removeprefix("toy:") for name in split.validation_speakers)
        assert all(records.manifest.labels[place] == rows[key].emotion for key, place in classes.items())
        # The counter-case: without a fold, those who validate it are told.
        train_on_all, _ = class_targets(split, unlabelled_speakers={})
        assert {rows[key].speaker for key in train_on_all} - labelled_speakers <= {"bert"}

    def test_nobody_s_labels_are_refused(self, records, unlabelled):
        split = split_for_pretraining([unlabelled], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="none of the records has emotion labels"):
            class_targets(split, unlabelled_speakers={})
        split = split_for_pretraining([records], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="with a label that may be used"):
            class_targets(split, unlabelled_speakers={"toy": SPEAKERS})

    def test_an_id_in_two_corpora_is_refused(self, records, tmp_path):
        mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
        twin = write_toy_records(tmp_path / "twin", mels, corpus="twin", labels=())
        split = split_for_pretraining([records, twin], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="and in other records: labels go by it"):
            class_targets(split, unlabelled_speakers={})
