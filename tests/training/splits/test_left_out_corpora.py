import warnings

import pytest

from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.left_out_corpora import check_left_out


@pytest.fixture
def made(tmp_path):
    """Return a function that writes the records of a corpus."""

    def make(name, labels, speakers=("anna", "bert", "carl", "dora", "emil")):
        mels = toy_utterances(speakers=speakers, per_speaker=4, emotions=labels or ("",), frames=(2, 3))
        return write_toy_records(tmp_path / name, mels, corpus=name, labels=labels)

    return make


def test_number_of_joined_folds_is_returned(made):
    one = made("one", ("happy", "sad"))
    parts = [one, made("two", ("joy", "sadness"), ("f", "g", "h", "i"))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_left_out(parts) == 5


def test_corpora_that_cannot_be_left_out_are_refused(made):
    one = made("one", ("happy", "sad"))
    with pytest.raises(InputError, match=r"expected corpora with emotion labels, received 'speech'.*--unlabelled"):
        check_left_out([one, made("speech", ())])
    with pytest.raises(InputError, match=r"received 'gleeful' of corpus 'odd'.* neutral, calm.* or to `other`"):
        check_left_out([one, made("odd", ("gleeful", "sad"))])
    with pytest.raises(
        InputError, match=r"training on fear and testing on one fails: the test speakers of fold 0 have no labelled"
    ):
        check_left_out([one, made("fear", ("fear", "disgust"))])
    with pytest.raises(InputError, match="training on few and testing on one fails: "):
        check_left_out([one, made("few", ("happy", "sad"), ("anna", "bert"))])
