import re
import shutil
from collections import Counter
from contextlib import contextmanager

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.iemocap import CORPUS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_iemocap, fake_iemocap_full
from ser_fop.testing.tones import write_apple_double, write_voice

DEFAULT = ReadOptions()
FOUR_CLASS = {"Ses01": (528, 557), "Ses02": (481, 542), "Ses03": (522, 629), "Ses04": (528, 503), "Ses05": (590, 651)}
UTTERANCES = {"Ses01": 1819, "Ses02": 1811, "Ses03": 2136, "Ses04": 2103, "Ses05": 2170}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """Return a small tree that no test changes."""
    return fake_iemocap(tmp_path_factory.mktemp("untouched") / "IEMOCAP_full_release")


@pytest.fixture
def small(untouched, tmp_path):
    """Return a copy of the small tree that a test may change."""
    return shutil.copytree(untouched, tmp_path / untouched.name)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return fake_iemocap_full(tmp_path_factory.mktemp("full") / "IEMOCAP_full_release")


def by_id(listing):
    return {utterance.id: utterance for utterance in listing.utterances}


def label_file(root, dialog="Ses01F_impro01"):
    return root / f"Session{dialog[4]}" / "dialog" / "EmoEvaluation" / f"{dialog}.txt"


@contextmanager
def without(path):
    """Rename a file or folder inside the `with` block."""
    hidden = path.with_name(f"{path.name}.hidden")
    path.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(path)


@contextmanager
def changed(path, pattern, replacement):
    """Replace the first match in a text file inside the `with` block."""
    text = path.read_text()
    other, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1
    path.write_text(other)
    try:
        yield
    finally:
        path.write_text(text)


class TestSmallTree:
    def test_read_valence_is_before_arousal_and_may_be_missing(self, small):
        path = label_file(small)
        name = re.search(r"\t(Ses\w+)\t", path.read_text())[1]
        with changed(path, r"\[2\.5000, 2\.5000, 2\.5000\]", "[1.5000, 4.0000, 3.0000]"):
            utterance = by_id(CORPUS.read(small, DEFAULT))[name]
            assert (utterance.valence, utterance.arousal) == (1.5, 4.0)
        with changed(path, r"\[2\.5000, 2\.5000, 2\.5000\]", ""):
            utterance = by_id(CORPUS.read(small, DEFAULT))[name]
            assert (utterance.valence, utterance.arousal) == (None, None)

    def test_read_lists_each_turn_once_without_stray_files(self, untouched):
        strays = [path.name for path in untouched.rglob("._*")]
        assert sum(name.endswith(".wav") for name in strays) == sum(name.endswith(".txt") for name in strays) == 5
        listing = CORPUS.read(untouched, DEFAULT)
        assert len(listing.utterances) == 5 * 12
        assert listing.problems == ()
        assert listing.labels == ("ang", "hap", "sad", "neu")
        assert {(one.valence, one.arousal) for one in listing.utterances} == {(2.5, 2.5)}
        assert all((untouched / utterance.file).is_file() for utterance in listing.utterances)
        assert Counter(utterance.label for utterance in listing.utterances) == {
            "ang": 10, "hap": 15, "sad": 10, "neu": 10, "": 15,
        }  # fmt: skip

    def test_read_sets_the_fields(self, untouched):
        utterance = by_id(CORPUS.read(untouched, DEFAULT))["Ses03M_impro05b_F000"]
        assert utterance.file == "Session3/sentences/wav/Ses03M_impro05b/Ses03M_impro05b_F000.wav"
        assert (utterance.speaker, utterance.session, utterance.gender) == ("Ses03F", "Ses03", "F")
        assert (utterance.label, utterance.annotation, utterance.style) == ("hap", "exc", "improvised")
        assert (utterance.start_s, utterance.end_s) == (0.0, None)

    @pytest.mark.parametrize(
        ("name", "speaker", "style"),
        [
            ("Ses01M_script01_1_F000", "Ses01F", "scripted"),
            ("Ses05M_script01_1b_F000", "Ses05F", "scripted"),
            ("Ses02F_impro01_M001", "Ses02M", "improvised"),
            ("Ses04M_impro05b_M012", "Ses04M", "improvised"),
        ],
    )
    def test_read_speaker_is_in_last_field_of_the_name(self, untouched, name, speaker, style):
        utterance = by_id(CORPUS.read(untouched, DEFAULT))[name]
        assert (utterance.speaker, utterance.gender, utterance.style) == (speaker, speaker[-1], style)

    def test_read_finds_ten_speakers(self, untouched):
        speakers = {utterance.speaker for utterance in CORPUS.read(untouched, DEFAULT).utterances}
        assert speakers == {f"Ses0{session}{gender}" for session in range(1, 6) for gender in "FM"}

    def test_read_separates_dialogs_with_a_common_prefix(self, untouched):
        found = by_id(CORPUS.read(untouched, DEFAULT))
        assert found["Ses05M_script01_1_M000"].annotation == "neu"
        assert found["Ses05M_script01_1b_M000"].annotation == "exc"

    @pytest.mark.parametrize("annotation", ["xxx", "fru", "sur"])
    def test_read_other_annotations_have_no_emotion(self, untouched, annotation):
        found = [u for u in CORPUS.read(untouched, DEFAULT).utterances if u.annotation == annotation]
        assert len(found) == 5
        assert {utterance.label for utterance in found} == {""}

    def test_read_ignores_labels_of_single_raters(self, untouched):
        assert "\tdis\t" in (label_file(untouched).parent / "Categorical" / "Ses01F_impro01_e2_cat.txt").read_text()
        assert "dis" not in {utterance.annotation for utterance in CORPUS.read(untouched, DEFAULT).utterances}

    def test_read_needs_no_transcripts(self, small):
        shutil.rmtree(small / "Session1" / "dialog" / "transcriptions")
        assert len(CORPUS.read(small, DEFAULT).utterances) == 60

    def test_read_ignores_stray_files_between_sessions(self, small):
        write_apple_double(small / "Session1")
        write_apple_double(small.parent / small.name)
        assert len(CORPUS.read(small.parent, DEFAULT).utterances) == 60

    def test_read_parent_folder_gives_the_same_utterances(self, untouched):
        inner, outer = CORPUS.read(untouched, DEFAULT), CORPUS.read(untouched.parent, DEFAULT)
        assert by_id(inner).keys() == by_id(outer).keys()
        assert all((untouched.parent / utterance.file).is_file() for utterance in outer.utterances)

    def test_read_some_of_the_sessions(self, tmp_path):
        root = fake_iemocap(tmp_path, sessions=(2, 4), marker=False)
        assert {utterance.session for utterance in CORPUS.read(root, DEFAULT).utterances} == {"Ses02", "Ses04"}

    def test_read_accepts_windows_line_ends_and_byte_order_mark(self, small):
        file = label_file(small)
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        listing = CORPUS.read(small, DEFAULT)
        assert (len(listing.utterances), listing.problems) == (60, ())


class TestLabelSet:
    def emotions(self, root, *labels):
        listing = CORPUS.read(root, ReadOptions(labels=labels))
        assert listing.labels == labels
        return Counter((utterance.annotation, utterance.label) for utterance in listing.utterances)

    def test_labels_exc_is_merged_if_only_hap_is_a_label(self, untouched):
        assert self.emotions(untouched, "neu", "hap")["exc", "hap"] == 10

    def test_labels_exc_is_not_merged_if_both_are_labels(self, untouched):
        emotions = self.emotions(untouched, "hap", "exc")
        assert (emotions["exc", "exc"], emotions["hap", "hap"], emotions["exc", "hap"]) == (10, 5, 0)

    def test_labels_exc_has_no_emotion_without_hap(self, untouched):
        assert self.emotions(untouched, "fru", "neu")["exc", ""] == 10

    def test_labels_other_annotations_may_be_classes(self, untouched):
        emotions = self.emotions(untouched, "fru", "sur")
        assert {pair: n for pair, n in emotions.items() if pair[1]} == {("fru", "fru"): 5, ("sur", "sur"): 5}

    def test_labels_unknown_label_suggests_closest(self, untouched):
        with pytest.raises(InputError, match=r"'anger'.*ang, hap.*Did you mean 'ang'\?"):
            CORPUS.read(untouched, ReadOptions(labels=("anger", "sad")))


class TestProblems:
    def test_recording_without_label_line_is_a_problem(self, small):
        wav = small / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F077.wav"
        write_voice(wav)
        listing = CORPUS.read(small, DEFAULT)
        assert wav.stem not in by_id(listing)
        assert [problem.file for problem in listing.problems] == [wav.relative_to(small).as_posix()]
        assert "EmoEvaluation" in listing.problems[0].message

    def test_label_line_without_recording_is_a_problem(self, small):
        wav = small / "Session1/sentences/wav/Ses01M_script01_1b/Ses01M_script01_1b_F000.wav"
        wav.unlink()
        listing = CORPUS.read(small, DEFAULT)
        assert len(listing.utterances) == 59
        assert [problem.file for problem in listing.problems] == [wav.relative_to(small).as_posix()]
        assert "does not exist" in listing.problems[0].message

    @pytest.mark.parametrize("name", ["copy", "Ses06F_impro01_F000", "Ses01F_impro01"])
    def test_invalid_file_name_is_a_problem(self, small, name):
        write_voice(small / f"Session1/sentences/wav/Ses01F_impro01/{name}.wav")
        listing = CORPUS.read(small, DEFAULT)
        assert len(listing.utterances) == 60
        assert [problem.file.rsplit("/", 1)[1] for problem in listing.problems] == [f"{name}.wav"]
        assert "name" in listing.problems[0].message

    def test_no_label_files_are_rejected(self, tmp_path):
        root = fake_iemocap(tmp_path, sessions=(1,))
        shutil.rmtree(root / "Session1/dialog/EmoEvaluation")
        with pytest.raises(InputError, match=r"no utterance of corpus 'iemocap'.*EmoEvaluation/<dialog>\.txt"):
            CORPUS.read(root, DEFAULT)

    def test_utterance_in_two_dialog_folders_is_rejected(self, small):
        wav = small / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"
        shutil.copy(wav, small / "Session1/sentences/wav/Ses01M_impro05a" / wav.name)
        with pytest.raises(InputError, match=r"share the id 'Ses01F_impro01_F000'.*impro01/.*impro05a/"):
            CORPUS.read(small, DEFAULT)

    def test_folder_without_sessions_is_rejected(self, tmp_path):
        (tmp_path / "Session6").mkdir()
        with pytest.raises(InputError, match=r"does not contain IEMOCAP: expected folders Session1 \.\. Session5"):
            CORPUS.read(tmp_path, DEFAULT)


class TestFullRelease:
    def test_full_release_has_the_published_counts(self, full):
        listing = CORPUS.read(full, DEFAULT)
        assert listing.problems == ()
        assert len(listing.utterances) == 10039
        assert Counter(utterance.annotation for utterance in listing.utterances) == {
            "xxx": 2507, "fru": 1849, "neu": 1708, "ang": 1103, "sad": 1084, "exc": 1041,
            "hap": 595, "sur": 107, "fea": 40, "oth": 3, "dis": 2,
        }  # fmt: skip
        assert Counter(utterance.session for utterance in listing.utterances) == UTTERANCES
        labelled = [utterance for utterance in listing.utterances if utterance.label]
        assert Counter(u.label for u in labelled) == {"ang": 1103, "hap": 1636, "sad": 1084, "neu": 1708}
        counts = Counter((utterance.session, utterance.gender) for utterance in labelled)
        assert {session: (counts[session, "F"], counts[session, "M"]) for session in FOUR_CLASS} == FOUR_CLASS
        assert len({utterance.file.rsplit("/", 2)[1] for utterance in listing.utterances}) == 151

    def test_full_release_has_valid_names(self, full):
        pattern = re.compile(r"Ses0[1-5][FM]_(impro|script)\d\d(_\d)?[ab]?_[MF]\d{3}")
        assert all(pattern.fullmatch(utterance.id) for utterance in CORPUS.read(full, DEFAULT).utterances)

    @pytest.mark.parametrize("labels", [(), ("ang", "fru"), ("hap", "exc", "sad", "neu")])
    def test_full_release_rejects_a_missing_recording(self, full, labels):
        assert len(CORPUS.read(full, ReadOptions(labels=labels)).utterances) == 10039
        with (
            without(next(full.glob("Session3/sentences/wav/*/*.wav"))),
            pytest.raises(
                InputError, match=r"Ses03 expected 2136 utterances .* received 2135 .* Copy the sessions again"
            ),
        ):
            CORPUS.read(full, ReadOptions(labels=labels))

    def test_full_release_rejects_a_missing_label_file(self, full):
        with (
            without(label_file(full, "Ses05M_script01_1b")),
            pytest.raises(InputError, match=r"not the published one .* Ses05 expected 2170"),
        ):
            CORPUS.read(full, DEFAULT)

    def test_full_release_rejects_a_missing_recording_and_label(self, full):
        with (
            without(full / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"),
            changed(label_file(full), r"\[.*\]\tSes01F_impro01_F000\t.*\n", ""),
            pytest.raises(
                InputError, match=r"\(10038 utterances, and 0 .* Ses01 expected 1819 utterances .* received 1818"
            ),
        ):
            CORPUS.read(full, DEFAULT)

    def test_full_release_rejects_a_changed_label(self, full):
        with (
            changed(label_file(full, "Ses02F_impro01"), r"\tneu\t", r"\tfru\t"),
            pytest.raises(InputError, match=r"Ses02 expected .*\(1023 four-class.* received .*\(1022 four-class"),
        ):
            CORPUS.read(full, DEFAULT)

    def test_full_release_rejects_a_label_of_another_class(self, full):
        with (
            changed(label_file(full, "Ses02F_impro01"), r"\tneu\t", r"\tsad\t"),
            pytest.raises(InputError, match=r"Ses02 expected .*sad 197, neu 362.* received .*sad 198, neu 361"),
        ):
            CORPUS.read(full, DEFAULT)

    def test_full_release_accepts_a_missing_session(self, full):
        with without(full / "Session5"):
            listing = CORPUS.read(full, DEFAULT)
        assert len(listing.utterances) == 10039 - UTTERANCES["Ses05"]
        assert [problem.message for problem in listing.problems] == ["sessions Ses05 are not there: a part of IEMOCAP"]

    def test_part_of_release_rejects_a_missing_recording(self, full):
        with (
            without(full / "Session5"),
            without(next(full.glob("Session3/sentences/wav/*/*.wav"))),
            pytest.raises(InputError, match=r"Ses03 expected 2136 utterances"),
        ):
            CORPUS.read(full, DEFAULT)

    def test_sample_is_reported_as_a_problem(self, tmp_path):
        listing = CORPUS.read(fake_iemocap(tmp_path, marker=False), DEFAULT)
        assert "a sample of IEMOCAP, not the corpus" in listing.problems[-1].message
