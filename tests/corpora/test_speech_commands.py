from collections import Counter

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.folds import folds_of, speaker_sessions
from ser_fop.corpora.speech_commands import COMMANDS, CORPUS, TWELVE, WORDS, WORDS_V1
from ser_fop.corpora.split_column import published_split
from ser_fop.testing.fake_corpora import fake_speech_commands
from ser_fop.testing.keyword_trees import SPEECH_COMMANDS_SPEAKERS
from ser_fop.testing.tones import write_voice
from tests.corpora.rows import rows_of

DEFAULT = ReadOptions()
TWELVE_CLASS = ReadOptions(labels=("12-class",))


def by_part(listing, label):
    return Counter(dict(one.columns)["split"] for one in listing.utterances if one.label == label)


def test_read_listing(tmp_path):
    listing = CORPUS.read(fake_speech_commands(tmp_path), DEFAULT)
    assert listing.problems == ()
    assert listing.labels == WORDS
    assert Counter(one.label for one in listing.utterances) == {"yes": 6, "no": 6, "bed": 6, "backward": 6}
    one = next(one for one in listing.utterances if one.id == "no/893705bb_nohash_0")
    assert (one.file, one.speaker, one.annotation) == ("no/893705bb_nohash_0.wav", "893705bb", "no")
    assert one.columns == (("word", "no"), ("split", "test"))


def test_read_first_version_has_thirty_words(tmp_path):
    listing = CORPUS.read(fake_speech_commands(tmp_path, words=("yes", "wow")), DEFAULT)
    assert listing.labels == WORDS_V1
    assert (len(WORDS_V1), len(WORDS), len(TWELVE)) == (30, 35, 12)


def test_read_parent_folder(tmp_path):
    fake_speech_commands(tmp_path / "archive", words=("yes",))
    listing = CORPUS.read(tmp_path, DEFAULT)
    assert listing.problems == ()
    assert listing.utterances[0].id == "yes/01b4757a_nohash_0"
    assert listing.utterances[0].file == "archive/yes/01b4757a_nohash_0.wav"


class TestTwelveClasses:
    def test_unknown_has_as_many_utterances_as_a_command_in_each_part(self, tmp_path):
        root = fake_speech_commands(tmp_path, words=("yes", "no", "bed", "cat", "dog", "five"), noise_s=0)
        listing = CORPUS.read(root, ReadOptions(labels=("yes", "no", "unknown")))
        assert by_part(listing, "unknown") == by_part(listing, "yes") == {"train": 2, "validation": 2, "test": 2}
        assert Counter(one.label for one in listing.utterances)[""] == 4 * 6 - 6
        assert {one.annotation for one in listing.utterances if one.label == "unknown"} <= {"bed", "cat", "dog", "five"}

    def test_other_words_are_unlabelled_without_unknown(self, tmp_path):
        listing = CORPUS.read(fake_speech_commands(tmp_path), ReadOptions(labels=("yes",)))
        assert Counter(one.label for one in listing.utterances) == {"yes": 6, "": 18}

    def test_name_of_the_protocol_stands_for_its_labels(self, tmp_path):
        root = fake_speech_commands(tmp_path, words=(*COMMANDS, "bed"))
        listing = CORPUS.read(root, TWELVE_CLASS)
        assert listing.labels == TWELVE
        assert listing == CORPUS.read(root, ReadOptions(labels=TWELVE))
        assert by_part(listing, "unknown") == {"train": 2, "validation": 2, "test": 2}

    def test_silence_is_whole_seconds_of_noise(self, tmp_path):
        listing = CORPUS.read(fake_speech_commands(tmp_path, noise_s=2.5), TWELVE_CLASS)
        found = [one for one in listing.utterances if one.label == "silence"]
        assert [(one.start_s, one.end_s) for one in found] == [(0.0, 1.0), (1.0, 2.0)] * 3
        assert {(one.speaker, dict(one.columns)["split"]) for one in found} == {
            ("noise_doing_the_dishes", "train"),
            ("noise_dude_miaowing", "test"),
            ("noise_running_tap", "validation"),
        }

    def test_missing_and_damaged_noise_is_a_problem(self, tmp_path):
        root = fake_speech_commands(tmp_path, noise_s=0)
        assert "so 'silence' has no utterance" in CORPUS.read(root, TWELVE_CLASS).problems[0].message
        (root / "_background_noise_" / "running_tap.wav").write_bytes(b"no audio")
        (problem,) = CORPUS.read(root, TWELVE_CLASS).problems
        assert problem.file == "_background_noise_/running_tap.wav"


class TestOfficialFold:
    @pytest.mark.parametrize("options", [DEFAULT, TWELVE_CLASS])
    def test_default_fold_is_the_publishers(self, tmp_path, options):
        utterances = CORPUS.read(fake_speech_commands(tmp_path), options).utterances
        split = published_split("speech_commands", rows_of(utterances))
        (fold,) = folds_of("speech_commands", speaker_sessions(utterances), split=split).folds
        for part, speakers in SPEECH_COMMANDS_SPEAKERS.items():
            found = [name for name in getattr(fold, part) if not name.startswith("noise_")]
            assert found == sorted(speakers)
        assert (set(fold.test) - set(SPEECH_COMMANDS_SPEAKERS["test"])) == (
            {"noise_dude_miaowing"} if options is TWELVE_CLASS else set()
        )


class TestOddFiles:
    def test_name_that_is_not_a_recording_is_a_problem(self, tmp_path):
        root = fake_speech_commands(tmp_path, words=("yes",))
        write_voice(root / "yes" / "hello.wav")
        listing = CORPUS.read(root, DEFAULT)
        assert len(listing.utterances) == 6
        assert [(problem.file, "<speaker>_nohash_" in problem.message) for problem in listing.problems] == [
            ("yes/hello.wav", True)
        ]

    def test_folder_that_is_no_word_is_one_problem(self, tmp_path):
        root = fake_speech_commands(tmp_path, words=("yes",))
        for number in range(3):
            write_voice(root / "hello" / f"3cfc6b3a_nohash_{number}.wav")
        (problem,) = CORPUS.read(root, DEFAULT).problems
        assert (problem.file, problem.message) == (
            "hello",
            "is no word of Speech Commands, and has 3 recordings; skipped",
        )
