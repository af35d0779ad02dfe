import dataclasses
import importlib.resources
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_fop.corpora.folds import (
    Fold,
    FoldFile,
    check_folds,
    chosen_folds,
    folds_of,
    make_folds,
    published_folds,
    read_folds,
    session_folds,
    speaker_folds,
    speaker_sessions,
    write_folds,
)
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

STUDIES = Path(__file__).parents[2] / "pipelines" / "folds"
PUBLISHED = sorted(
    path.name.removesuffix(".json") for path in (importlib.resources.files("ser_fop.corpora") / "fold_files").iterdir()
)


def actors(*numbers):
    return {f"Actor_{number:02d}" for number in numbers}


def three(test="a", validation="b", train="c"):
    return Fold(test=tuple(test), validation=tuple(validation), train=tuple(train))


def file_of(*folds):
    return FoldFile(corpus="toy", protocol="mine", description="By hand.", folds=folds)


def assert_disjoint_and_complete(folds, speakers):
    for fold in folds.folds:
        parts = [set(fold.test), set(fold.validation), set(fold.train)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set().union(*parts))
        assert set().union(*parts) == set(speakers)
    tested = [speaker for fold in folds.folds for speaker in fold.test]
    assert sorted(tested) == sorted(speakers)  # each speaker is tested once
    validating = [speaker for fold in folds.folds for speaker in fold.validation]
    assert sorted(validating) == sorted(set(validating))


class TestPublished:
    def test_published_folds_exist_for_these_corpora(self):
        assert PUBLISHED == ["audiomnist", "crema_d", "emodb", "iemocap", "ravdess", "synthetic"]

    @pytest.mark.parametrize("corpus", PUBLISHED)
    def test_published_folds_are_disjoint_and_test_each_speaker_once(self, corpus):
        folds = published_folds(corpus)
        assert folds.corpus == corpus
        assert folds.description
        assert_disjoint_and_complete(folds, folds.folds[0].part_of())

    def test_published_folds_of_ravdess(self):
        folds = published_folds("ravdess").folds
        assert [set(fold.test) for fold in folds] == [
            actors(2, 5, 14, 15, 16),
            actors(3, 6, 7, 13, 18),
            actors(10, 11, 12, 19, 20),
            actors(8, 17, 21, 23, 24),
            actors(1, 4, 9, 22),
        ]
        assert [set(fold.validation) for fold in folds] == [
            actors(3, 6),
            actors(10, 11),
            actors(8, 17),
            actors(1, 14),
            actors(2, 5),
        ]
        assert set(folds[0].part_of()) == actors(*range(1, 25))

    @pytest.mark.parametrize("corpus", ["iemocap", "synthetic"])
    def test_published_folds_of_iemocap_test_one_session_each(self, corpus):
        folds = published_folds(corpus).folds
        assert [set(fold.test) for fold in folds] == [{f"Ses0{n}F", f"Ses0{n}M"} for n in (1, 2, 3, 4, 5)]
        assert [set(fold.validation) for fold in folds] == [{f"Ses0{n}F", f"Ses0{n}M"} for n in (2, 3, 4, 5, 1)]
        assert folds[0].test == ("Ses01F", "Ses01M")

    def test_published_folds_of_other_corpus_are_none(self):
        assert published_folds("vctk") is None


class TestMade:
    @given(sessions=st.dictionaries(st.text(min_size=1, max_size=5), st.sampled_from("12345"), min_size=3, max_size=20))
    def test_session_folds_are_disjoint_and_complete(self, sessions):
        if len(set(sessions.values())) < 3:
            with pytest.raises(InputError, match="need at least three"):
                session_folds("toy", sessions)
            return
        folds = session_folds("toy", sessions)
        assert_disjoint_and_complete(folds, sessions)
        for fold in folds.folds:
            assert len({sessions[speaker] for speaker in fold.test}) == 1
            assert {sessions[speaker] for speaker in fold.test}.isdisjoint(
                sessions[speaker] for speaker in (*fold.train, *fold.validation)
            )

    @given(speakers=st.sets(st.text(min_size=1, max_size=5), max_size=30), count=st.integers(1, 8))
    def test_speaker_folds_are_disjoint_and_complete(self, speakers, count):
        if min(len(speakers), count) < 3:
            with pytest.raises(InputError, match="need at least three"):
                speaker_folds("toy", list(speakers), count=count)
            return
        folds = speaker_folds("toy", list(speakers), count=count)
        assert len(folds.folds) == min(count, len(speakers))
        assert_disjoint_and_complete(folds, speakers)
        sizes = [len(fold.test) for fold in folds.folds]
        assert max(sizes) - min(sizes) <= 1

    def test_speaker_folds_ignore_order_of_speakers(self):
        assert speaker_folds("toy", list("gfedcba")) == speaker_folds("toy", list("abcdefg"))


class TestFoldsOf:
    def test_folds_of_prefers_published_folds(self):
        sessions = {f"Actor_{number:02d}": "" for number in range(1, 25)}
        assert folds_of("ravdess", sessions) == published_folds("ravdess")

    def test_folds_of_uses_sessions_then_speakers(self):
        sessions = {"a": "1", "b": "1", "c": "2", "d": "3"}
        assert folds_of("toy", sessions).protocol == "session-folds"
        assert folds_of("toy", {**sessions, "d": ""}).protocol == "4-speaker-folds"
        assert folds_of("toy", dict.fromkeys("abcdefgh", "1")).protocol == "5-speaker-folds"

    def test_folds_of_prefers_given_file(self, tmp_path):
        write_folds(tmp_path / "folds.json", file_of(three()))
        sessions = {"a": "1", "b": "2", "c": "3"}
        assert folds_of("iemocap", sessions, path=tmp_path / "folds.json") == file_of(three())

    def test_folds_of_names_speaker_without_part(self, tmp_path):
        write_folds(tmp_path / "folds.json", file_of(three("a", "b", "cd"), three("b", "a", "c")))
        with pytest.raises(InputError, match=r"fold 1 of .*folds\.json does not contain speaker 'd'"):
            folds_of("toy", dict.fromkeys("abcd", ""), path=tmp_path / "folds.json")

    def test_folds_of_drops_absent_speakers(self):
        present = {f"Actor_{number:02d}": "" for number in range(1, 25) if number not in (2, 24)}
        folds = folds_of("ravdess", present).folds
        assert set(folds[0].test) == actors(5, 14, 15, 16)
        assert all("Actor_24" not in fold.part_of() for fold in folds)

    def test_folds_of_rejects_part_that_becomes_empty(self):
        present = {f"Actor_{number:02d}": "" for number in range(1, 25) if number not in (3, 6)}
        with pytest.raises(InputError, match="fold 0 of the folds of ravdess has no validation speaker"):
            folds_of("ravdess", present)


class TestChecks:
    @pytest.mark.parametrize(
        ("fold", "named"),
        [
            (three("ab", "c", "bd"), ["'b'", "test", "train"]),
            (three("a", "bc", "cd"), ["'c'", "train", "validation"]),
            (three("ab", "ac", "d"), ["'a'", "test", "validation"]),
        ],
    )
    def test_check_folds_names_speaker_in_two_parts(self, fold, named):
        with pytest.raises(InputError, match=r"fold 1 of mine has speaker .*must be speaker-disjoint") as error:
            check_folds(file_of(three(), fold), name="mine")
        for word in named:
            assert word in str(error.value)

    @pytest.mark.parametrize("part", ["test", "validation", "train"])
    def test_check_folds_rejects_empty_part(self, part):
        with pytest.raises(InputError, match=f"fold 0 of mine has no {part} speaker"):
            check_folds(file_of(three(**{part: ""})), name="mine")

    def test_check_folds_rejects_file_without_folds(self):
        with pytest.raises(InputError, match="holds no fold"):
            check_folds(file_of(), name="mine")


class TestFiles:
    def test_read_folds_restores_written_folds(self, tmp_path):
        folds = file_of(three(), three("ü", ("b", "d"), ("x y", "z")))
        write_folds(tmp_path / "folds.json", folds)
        assert read_folds(tmp_path / "folds.json") == folds
        found = json.loads((tmp_path / "folds.json").read_text())
        assert list(found) == ["corpus", "protocol", "description", "folds"]
        assert found["folds"][0] == {"test": ["a"], "validation": ["b"], "train": ["c"], "unused": []}

    def test_read_folds_rejects_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"folds\.json does not exist"):
            read_folds(tmp_path / "folds.json")

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"corpus": "x"}', '{"corpus": "x", "folds": [{"test": "a"}]}'])
    def test_read_folds_rejects_malformed_file(self, tmp_path, text):
        (tmp_path / "folds.json").write_text(text)
        with pytest.raises(InputError, match="is not a fold file"):
            read_folds(tmp_path / "folds.json")

    def test_read_folds_rejects_speaker_in_test_and_train(self, tmp_path):
        write_folds(tmp_path / "folds.json", file_of(three("ab", "c", "bd")))
        with pytest.raises(InputError, match=r"folds\.json has speaker 'b' in both test and train"):
            read_folds(tmp_path / "folds.json")


class TestChosen:
    FOLDS = file_of(three(), three("b", "c", "a"), three("c", "a", "b"))

    @pytest.mark.parametrize(("fold", "numbers"), [("0", [0]), ("2", [2]), ("all", [0, 1, 2])])
    def test_chosen_folds_returns_fold_numbers(self, fold, numbers):
        assert chosen_folds(fold, self.FOLDS) == numbers

    @pytest.mark.parametrize("fold", ["3", "-1", "one", "", "0.0", "All", "²"])
    def test_chosen_folds_rejects_other_values(self, fold):
        with pytest.raises(InputError, match=r"--fold expected a number from 0 to 2 or `all`, received"):
            chosen_folds(fold, self.FOLDS)


def test_part_of_maps_speakers_to_parts():
    assert three("ab", "c", "d").part_of() == {"a": "test", "b": "test", "c": "validation", "d": "train"}


class TestUnused:
    def test_unused_speakers_count_as_assigned(self, tmp_path):
        fold = dataclasses.replace(three(), unused=("d",))
        write_folds(tmp_path / "f.json", file_of(fold))
        sessions = dict.fromkeys("abcd", "")
        assert folds_of("toy", sessions, path=tmp_path / "f.json").folds[0].unused == ("d",)
        with pytest.raises(InputError, match="does not contain speaker 'e'"):
            folds_of("toy", {**sessions, "e": ""}, path=tmp_path / "f.json")

    def test_check_folds_rejects_unused_training_speaker(self):
        with pytest.raises(InputError, match="has speaker 'c' in both train and unused"):
            check_folds(file_of(dataclasses.replace(three(), unused=("c",))), name="f")

    @pytest.mark.parametrize("name", ["development", "claim"])
    def test_study_folds_separate_development_and_claim(self, name):
        folds = read_folds(STUDIES / f"ravdess_{name}.json")
        tested = {speaker for fold in folds.folds for speaker in fold.test}
        assert tested == (actors(*range(1, 13)) if name == "development" else actors(*range(13, 25)))
        for fold in folds.folds:
            seen = {*fold.train, *fold.validation}
            assert len(fold.part_of()) == 24
            assert name == "claim" or seen < actors(*range(1, 13))  # development does not see the claim's speakers


def test_check_folds_rejects_speaker_tested_twice():
    with pytest.raises(InputError, match="tests speaker 'a' in 2 folds"):
        check_folds(file_of(three("a", "b", "c"), three("a", "c", "b")), name="mine")


class TestDevelopmentAndClaim:
    FILES = Path(__file__).parents[2] / "pipelines" / "folds"

    @staticmethod
    def seen_speakers(fold):
        return {*fold.train, *fold.validation, *fold.test}

    def test_claim_speakers_are_not_in_development_folds(self):
        development = read_folds(self.FILES / "ravdess_development.json")
        dev_speakers = {speaker for fold in development.folds for speaker in self.seen_speakers(fold)}
        assert dev_speakers == actors(*range(1, 13))
        for name in ("ravdess_claim", "ravdess_claim_few"):
            tested = [speaker for fold in read_folds(self.FILES / f"{name}.json").folds for speaker in fold.test]
            assert len(tested) == 12
            assert set(tested) == actors(*range(13, 25))

    def test_few_label_folds_have_training_size_of_development(self):
        few = read_folds(self.FILES / "ravdess_claim_few.json")
        assert all(self.seen_speakers(fold) == actors(*range(13, 25)) for fold in few.folds)
        development = read_folds(self.FILES / "ravdess_development.json")
        assert [len(fold.train) for fold in few.folds] == [len(fold.train) for fold in development.folds]


class TestSessions:
    def rows(self, *pairs):
        return [
            Utterance(id=str(number), file=f"{number}.wav", speaker=speaker, session=session)
            for number, (speaker, session) in enumerate(pairs)
        ]

    def test_speaker_sessions_returns_the_only_session(self):
        assert speaker_sessions(self.rows(("a", "1"), ("a", "1"), ("b", "2"))) == {"a": "1", "b": "2"}

    def test_speaker_sessions_is_empty_for_several_sessions(self):
        assert speaker_sessions(self.rows(("a", "1"), ("a", "2"), ("b", "2"))) == {"a": "", "b": "2"}

    def test_folds_of_speakers_in_all_sessions_are_speaker_folds(self):
        sessions = speaker_sessions(self.rows(*((speaker, session) for speaker in "abcdef" for session in "123")))
        assert folds_of("mine", sessions).protocol == "5-speaker-folds"
        with pytest.raises(InputError, match=r"speaker 'a' has none or several: training would include test speakers"):
            make_folds("session-folds", "mine", sessions)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_read_folds_accepts_byte_order_mark(self, tmp_path, encoding):
        folds = folds_of("mine", dict.fromkeys("abcdef", ""))
        write_folds(tmp_path / "folds.json", folds)
        text = (tmp_path / "folds.json").read_text(encoding="utf-8")
        (tmp_path / "folds.json").write_bytes(text.encode(encoding))
        assert read_folds(tmp_path / "folds.json") == folds


class TestUnknownSpeakers:
    """Nobody knows who `unknown` is: that speaker is trained on and never tested."""

    SESSIONS = dict.fromkeys(("anna", "bert", "carl", "dora", "unknown"), "")

    def test_made_folds_train_on_them(self):
        for fold in folds_of("mine", self.SESSIONS).folds:
            assert "unknown" in fold.train
            assert "unknown" not in (*fold.test, *fold.validation)

    def test_other_names_are_tested(self):
        tested = [name for fold in folds_of("mine", self.SESSIONS).folds for name in fold.test]
        assert sorted(tested) == ["anna", "bert", "carl", "dora"]

    @pytest.mark.parametrize("part", ["test", "validation"])
    def test_fold_file_that_tests_them_raises_input_error(self, tmp_path, part):
        parts = {"test": ("anna",), "validation": ("bert",), "train": ("carl", "dora")}
        parts[part] = (*parts[part], "unknown")
        path = tmp_path / "folds.json"
        write_folds(path, FoldFile(corpus="mine", protocol="own", description="", folds=(Fold(**parts),)))
        with pytest.raises(InputError, match=f"'unknown' in its {part} part"):
            folds_of("mine", self.SESSIONS, path=path)

    def test_fold_file_may_leave_them_out(self, tmp_path):
        fold = Fold(test=("anna",), validation=("bert",), train=("carl", "dora"), unused=("unknown",))
        path = tmp_path / "folds.json"
        write_folds(path, FoldFile(corpus="mine", protocol="own", description="", folds=(fold,)))
        assert folds_of("mine", self.SESSIONS, path=path).folds[0].unused == ("unknown",)

    def test_unknown_speakers_alone_have_no_folds(self):
        with pytest.raises(InputError, match="expected known speakers, received the speaker 'unknown' alone"):
            folds_of("mine", {"unknown": ""})
