import dataclasses

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.reading import read_corpus
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.targets import available_targets, check_target, labels_of, with_target
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv, fake_ravdess


def utterance(name, **fields):
    return Utterance(**{"id": name, "file": f"{name}.wav", "speaker": "anna", "label": "sad", **fields})


def test_label_of_another_target_is_the_value_of_its_column():
    first, second = with_target(
        [utterance("a", columns=(("word", "yes"),)), utterance("b")], "word", own="emotion", where="here"
    )
    assert (first.label, first.annotation, dict(first.columns)) == ("yes", "yes", {"emotion": "sad"})
    assert (second.label, dict(second.columns)) == ("", {"emotion": "sad"})
    (again,) = with_target([first], "emotion", own="word", where="here")
    assert (again.label, dict(again.columns)) == ("sad", {"word": "yes"})


def test_own_target_changes_nothing():
    utterances = (utterance("a"),)
    assert with_target(utterances, "emotion", own="emotion", where="here") == utterances


def test_speaker_is_a_target_and_unknown_speakers_are_unlabelled():
    found = with_target([utterance("a"), utterance("b", speaker="unknown")], "speaker", own="emotion", where="here")
    assert [one.label for one in found] == ["anna", ""]
    assert labels_of(found) == ("anna",)


def test_available_targets_are_fields_with_values_and_columns():
    one = utterance("a", gender="F", columns=(("word", "yes"),))
    assert available_targets([one], own="emotion") == ("emotion", "speaker", "gender", "word")


def test_missing_column_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"one of emotion, speaker, word, received 'wrod'.*word"):
        with_target([utterance("a", columns=(("word", "yes"),))], "wrod", own="emotion", where="here")


@pytest.mark.parametrize("name", ["", "a b", "scores", "labels", "file", "is_final", "target", "1st", "é"])
def test_names_that_cannot_name_an_output_are_refused(name):
    with pytest.raises(InputError, match="--target expected"):
        check_target(name)


class TestReading:
    def test_manifest_needs_the_column_of_the_target_only(self, tmp_path):
        rows = [{"file": f"{word}.wav", "speaker": "anna", "word": word, "room": "big"} for word in ("no", "yes")]
        manifest = fake_csv(tmp_path, rows=rows)
        found = read_corpus(get_corpus("csv"), manifest.parent / "audio", ReadOptions(manifest=manifest, target="word"))
        assert found.labels == ("no", "yes")
        assert {one.columns for one in found.utterances} == {(("room", "big"),)}
        with pytest.raises(InputError, match="lacks the column emotion"):
            read_corpus(get_corpus("csv"), manifest.parent / "audio", ReadOptions(manifest=manifest))

    def test_manifest_keeps_its_other_columns(self, tmp_path):
        rows = [{"file": "a.wav", "speaker": "anna", "emotion": "sad", "word": "yes"}]
        manifest = fake_csv(tmp_path, rows=rows)
        (one,) = read_corpus(get_corpus("csv"), manifest.parent / "audio", ReadOptions(manifest=manifest)).utterances
        assert (one.label, one.columns) == ("sad", (("word", "yes"),))

    def test_corpus_has_targets_of_its_own_columns(self, tmp_path):
        options = ReadOptions(target="intensity", labels=("strong",))
        found = read_corpus(get_corpus("ravdess"), fake_ravdess(tmp_path, actors=(1,), per_emotion=8), options)
        assert found.labels == ("strong",)
        assert {one.label for one in found.utterances} == {"strong", ""}
        assert {dict(one.columns)["emotion"] for one in found.utterances if one.label} >= {"happy", "sad"}

    def test_label_that_the_target_lacks_is_refused(self, tmp_path):
        options = ReadOptions(target="intensity", labels=("happy",))
        with pytest.raises(InputError, match="has no label 'happy': expected some of normal, strong"):
            read_corpus(get_corpus("ravdess"), fake_ravdess(tmp_path, actors=(1,), per_emotion=8), options)

    def test_target_without_any_value_is_refused(self, tmp_path):
        rows = [{"file": "a.wav", "speaker": "anna", "emotion": "sad"}]
        corpus = dataclasses.replace(get_corpus("csv"), reads_target=False)
        manifest = fake_csv(tmp_path, rows=rows)
        listed = get_corpus("csv").read(manifest.parent / "audio", ReadOptions(manifest=manifest))
        blank = [dataclasses.replace(one, columns=(("accent", ""),)) for one in listed.utterances]
        corpus = dataclasses.replace(corpus, read=lambda *_: dataclasses.replace(listed, utterances=tuple(blank)))
        with pytest.raises(InputError, match="every utterance is blank"):
            read_corpus(corpus, manifest.parent / "audio", ReadOptions(manifest=manifest, target="accent"))
