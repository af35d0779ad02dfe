import re

import pytest

from ser_fop.corpora import get_corpus
from ser_fop.corpora.downloads.sources import SOURCES, archives_of, mirrored
from ser_fop.errors import InputError


@pytest.mark.parametrize("corpus", SOURCES)
def test_every_source_is_of_a_corpus_that_is_read_here(corpus):
    assert get_corpus(corpus)
    for archive in archives_of(corpus, ()).values():
        assert re.fullmatch(r"https?://[\w.]+/.+\.(zip|tar\.gz)", archive.url)
        assert re.fullmatch(r"[0-9a-f]{32}|", archive.md5)
        assert archive.name == archive.url.rpartition("/")[2]


def test_parts():
    assert list(archives_of("librispeech", ("dev-clean", "dev-other"))) == ["dev-clean", "dev-other"]
    with pytest.raises(InputError, match=r"received 'dev-claen'\. Did you mean 'dev-clean'"):
        archives_of("librispeech", ("dev-claen",))


def test_how_to_ask_for_iemocap():
    with pytest.raises(InputError, match="release form of USC's SAIL"):
        archives_of("iemocap", ())


def test_another_name():
    with pytest.raises(InputError, match="Did you mean 'ravdess'"):
        archives_of("ravdes", ())


def test_a_mirror_keeps_the_path():
    url = "https://www.openslr.org/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "https://us.openslr.org/") == "https://us.openslr.org/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "http://host:81/copy") == "http://host:81/copy/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "") == url
    with pytest.raises(InputError, match="--mirror expected an address"):
        mirrored(url, "us.openslr.org")
