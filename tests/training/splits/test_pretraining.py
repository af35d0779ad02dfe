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
    def test_split_excludes_test_speakers(self, records, unlabelled, seed):
        split = split_for_pretraining(
            [records, unlabelled], excluded_speakers={"toy": ("anna", "dora")}, validation_share=0.1, seed=seed
        )
        seen_speakers = speakers_of(split.train) | speakers_of(split.validation)
        assert seen_speakers == {f"toy:{name}" for name in ("bert", "carl", "emil", "fred")} | {
            f"second:p{number}" for number in range(20)
        }
        assert set(split.seen_speakers) == seen_speakers

    @pytest.mark.parametrize("seed", range(5))
    def test_split_separates_training_and_validation_speakers(self, records, unlabelled, seed):
        split = split_for_pretraining([records, unlabelled], excluded_speakers={}, validation_share=0.1, seed=seed)
        assert speakers_of(split.train).isdisjoint(speakers_of(split.validation))
        assert speakers_of(split.validation) == set(split.validation_speakers)
        assert set(split.validation_speakers) < set(split.seen_speakers)
        assert ids_of(split.train).isdisjoint(ids_of(split.validation))
        assert len(ids_of(split.train) | ids_of(split.validation)) == len(records.rows) + len(unlabelled.rows)

    def test_split_takes_validation_share_of_each_corpus(self, records, unlabelled):
        split = split_for_pretraining([records, unlabelled], excluded_speakers={}, validation_share=0.1, seed=0)
        names = [speaker.split(":")[0] for speaker in split.validation_speakers]
        assert (names.count("toy"), names.count("second")) == (1, 2)

    def test_split_depends_on_seed_only(self, unlabelled):
        chosen = [
            split_for_pretraining(
                [unlabelled], excluded_speakers={}, validation_share=0.2, seed=seed
            ).validation_speakers
            for seed in (0, 0, 1)
        ]
        assert chosen[0] == chosen[1] != chosen[2]

    @pytest.mark.parametrize(("share", "count"), [(0.0, 1), (0.5, 3), (0.99, 5), (1.0, 5)])
    def test_split_has_at_least_one_speaker_in_each_part(self, records, share, count):
        split = split_for_pretraining([records], excluded_speakers={}, validation_share=share, seed=0)
        assert len(split.validation_speakers) == count
        assert len(speakers_of(split.train)) == 6 - count

    def test_split_keeps_speaker_with_excluded_name_of_another_corpus(self, records):
        split = split_for_pretraining([records], excluded_speakers={"second": ("anna",)}, validation_share=0.1, seed=0)
        assert "toy:anna" in split.seen_speakers

    def test_split_rejects_same_corpus_twice(self, records):
        with pytest.raises(InputError, match="received two records folders of corpus 'toy'"):
            split_for_pretraining([records, records], excluded_speakers={}, validation_share=0.2, seed=0)

    def test_split_rejects_corpus_with_one_speaker(self, records):
        with pytest.raises(InputError, match=r"expected at least two speakers.* received 1"):
            split_for_pretraining([records], excluded_speakers={"toy": SPEAKERS[1:]}, validation_share=0.1, seed=0)


class TestHeldOutSpeakers:
    def test_held_out_speakers_are_test_and_validation_speakers(self, records, unlabelled):
        folds = folds_of_records(records)
        for number, fold in enumerate(folds.folds):
            found = held_out_speakers([unlabelled, records], fold=number, path=None)
            assert found.excluded_speakers == {"toy": fold.test}
            assert found.unlabelled_speakers == {"toy": fold.validation}

    def test_held_out_speakers_follow_given_fold_file(self, records, tmp_path):
        write_folds(tmp_path / "f.json", FoldFile(corpus="toy", protocol="x", description="x", folds=(FOLD,)))
        assert held_out_speakers([records], fold=0, path=tmp_path / "f.json").excluded_speakers == {"toy": ("anna",)}

    def test_held_out_speakers_contain_unused_speakers(self, records, tmp_path):
        fold = dataclasses.replace(FOLD, train=FOLD.train[1:], unused=FOLD.train[:1])
        write_folds(tmp_path / "f.json", FoldFile(corpus="toy", protocol="x", description="x", folds=(fold,)))
        assert held_out_speakers([records], fold=0, path=tmp_path / "f.json").excluded_speakers == {
            "toy": ("anna", *FOLD.train[:1])
        }

    def test_folds_require_labelled_records(self, unlabelled):
        with pytest.raises(InputError, match="none of the records has emotion labels"):
            held_out_speakers([unlabelled], fold=0, path=None)
        with pytest.raises(InputError, match="no emotion labels, so it has no folds"):
            folds_of_records(unlabelled)


class TestClassTargets:
    def test_class_targets_contain_training_speakers_only(self, records, unlabelled):
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
        assert all(records.manifest.labels[place] == rows[key].label for key, place in classes.items())
        # Counter-case: without a fold, the labels of its validation speakers are used.
        all_classes, _ = class_targets(split, unlabelled_speakers={})
        assert {rows[key].speaker for key in all_classes} - labelled_speakers <= {"bert"}

    def test_class_targets_without_usable_labels_are_rejected(self, records, unlabelled):
        split = split_for_pretraining([unlabelled], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="expected records with emotion labels, received none"):
            class_targets(split, unlabelled_speakers={})
        split = split_for_pretraining([records], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="expected a training utterance with a usable label"):
            class_targets(split, unlabelled_speakers={"toy": SPEAKERS})

    def test_class_targets_reject_id_in_two_corpora(self, records, tmp_path):
        mels = toy_utterances(speakers=SPEAKERS, per_speaker=3)
        twin = write_toy_records(tmp_path / "twin", mels, corpus="twin", labels=())
        split = split_for_pretraining([records, twin], excluded_speakers={}, validation_share=0.1, seed=0)
        with pytest.raises(InputError, match="and in other records"):
            class_targets(split, unlabelled_speakers={})
