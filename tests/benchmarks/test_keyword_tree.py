from collections import Counter

from benchmarks.keyword_tree import make_tree
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.speech_commands import CORPUS, WORDS


def test_tree_is_read_without_a_problem(tmp_path):
    listing = CORPUS.read(make_tree(tmp_path, utterances=4 * len(WORDS) + 2), ReadOptions(labels=(*WORDS, "silence")))
    assert listing.problems == ()
    found = Counter(one.label for one in listing.utterances)
    assert found == {**dict.fromkeys(WORDS, 4), **dict.fromkeys(WORDS[:2], 5), "silence": 6 * 60}
    assert len({one.speaker for one in listing.utterances}) == 5 + 6
