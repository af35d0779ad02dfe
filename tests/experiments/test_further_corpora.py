from pathlib import Path

import pytest

from ser_fop.errors import InputError
from ser_fop.experiments.further_corpora import FurtherCorpus, further_corpora

TAKEN = {"ravdess": "--corpus", "librispeech": "--unlabelled"}


def test_known_and_own_corpora_are_read():
    found = further_corpora(["emodb=/data/EmoDB", "my-2.calls=data/calls/list.CSV", "crema_d=s3://a/b"], taken=TAKEN)
    manifest = Path("data/calls/list.CSV")
    assert found[:2] == [
        FurtherCorpus(name="emodb", reader="emodb", audio_dir=Path("/data/EmoDB")),
        FurtherCorpus(name="my-2.calls", reader="csv", audio_dir=manifest.parent, manifest=manifest),
    ]
    assert str(found[2].audio_dir) == "s3://a/b"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["emodb"], "expected NAME=FOLDER, such as .* received 'emodb'"),
        (["emodb="], "received 'emodb='"),
        (["=a"], "received '=a'"),
        (["emo_db=a"], "received 'emo_db'.*did you mean 'emodb'.*emo_db=FOLDER/MANIFEST.csv"),
        (["csv=a"], "received 'csv'.*csv=FOLDER/MANIFEST.csv"),
        (["a/b=c/m.csv"], "expected a name of letters.*received 'a/b'"),
        (["a:b=c/m.csv"], "received 'a:b'"),
        (["emodb=a", "emodb=b/m.csv"], "each corpus once, received 'emodb', which another entry names too"),
        (["ravdess=a"], "received 'ravdess', which --corpus names too"),
        (["librispeech=a/m.csv"], "received 'librispeech', which --unlabelled names too"),
    ],
)
def test_bad_entries_are_refused(entries, message):
    with pytest.raises(InputError, match=f"(?i){message}"):
        further_corpora(entries, taken=TAKEN)
