import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.speech_commands import CORPUS
from ser_fop.corpora.speech_commands_split import part_of_speaker
from ser_fop.testing.fake_corpora import fake_speech_commands
from ser_fop.testing.keyword_trees import SPEECH_COMMANDS_SPEAKERS


def problems(root):
    return [(problem.file, problem.message) for problem in CORPUS.read(root, ReadOptions()).problems]


@pytest.mark.parametrize("part", SPEECH_COMMANDS_SPEAKERS)
def test_rule_gives_the_parts_of_the_published_lists(part):
    assert {part_of_speaker(speaker) for speaker in SPEECH_COMMANDS_SPEAKERS[part]} == {part}


def test_rule_gives_a_tenth_to_validation_and_to_test():
    parts = [part_of_speaker(f"{number:08x}") for number in range(5000)]
    assert 0.09 < parts.count("validation") / 5000 < 0.11
    assert 0.09 < parts.count("test") / 5000 < 0.11


def test_lists_that_agree_or_are_missing_are_no_problem(tmp_path):
    assert problems(fake_speech_commands(tmp_path / "with")) == []
    assert problems(fake_speech_commands(tmp_path / "without", lists=False)) == []


def test_lists_that_disagree_are_reported_once_each(tmp_path):
    root = fake_speech_commands(tmp_path, words=("yes",))
    (root / "testing_list.txt").write_text("yes/3cfc6b3a_nohash_0.wav\nyes/893705bb_nohash_0.wav\n")
    assert problems(root) == [
        (
            "testing_list.txt",
            "lists 1 recording that the rule does not put into test; the first is yes/3cfc6b3a_nohash_0.wav",
        ),
        ("testing_list.txt", "lacks 1 recording that the rule puts into test; the first is yes/4c6167ca_nohash_0.wav"),
    ]


def test_rule_decides_where_a_list_disagrees(tmp_path):
    root = fake_speech_commands(tmp_path, words=("yes",))
    before = CORPUS.read(root, ReadOptions()).utterances
    (root / "testing_list.txt").write_text("yes/3cfc6b3a_nohash_0.wav\n")
    assert CORPUS.read(root, ReadOptions()).utterances == before


def test_listed_recordings_that_are_missing_are_reported(tmp_path):
    root = fake_speech_commands(tmp_path, words=("yes",))
    for speaker in SPEECH_COMMANDS_SPEAKERS["validation"]:
        (root / "yes" / f"{speaker}_nohash_0.wav").unlink()
    ((file, message),) = problems(root)
    assert file == "validation_list.txt"
    assert message.startswith("lists 2 recordings that the folder does not contain")
