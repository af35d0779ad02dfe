import re

import pytest

from ser_fop.corpora.downloads.sources import SOURCES, archives_of, mirrored
from ser_fop.corpora.registry import get_corpus
from ser_fop.errors import InputError


@pytest.mark.parametrize("corpus", SOURCES)
def test_sources_have_a_reader_and_valid_archives(corpus):
    assert get_corpus(corpus)
    for archive in archives_of(corpus, ()).values():
        assert re.fullmatch(r"https?://[\w.]+/.+\.(zip|tar\.gz)", archive.url)
        assert re.fullmatch(r"[0-9a-f]{32}|", archive.md5)
        assert archive.name == archive.url.rpartition("/")[2]


def test_archives_of_selects_parts():
    assert list(archives_of("librispeech", ("dev-clean", "dev-other"))) == ["dev-clean", "dev-other"]
    with pytest.raises(InputError, match=r"received 'dev-claen'\. Did you mean 'dev-clean'"):
        archives_of("librispeech", ("dev-claen",))


def test_archives_of_iemocap_names_the_release_form():
    with pytest.raises(InputError, match="release form of USC's SAIL"):
        archives_of("iemocap", ())


def test_archives_of_unknown_corpus_suggests_closest():
    with pytest.raises(InputError, match="Did you mean 'ravdess'"):
        archives_of("ravdes", ())


def test_mirrored_keeps_the_path():
    url = "https://www.openslr.org/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "https://us.openslr.org/") == "https://us.openslr.org/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "http://host:81/copy") == "http://host:81/copy/resources/12/dev-clean.tar.gz"
    assert mirrored(url, "") == url
    with pytest.raises(InputError, match="--mirror expected an address"):
        mirrored(url, "us.openslr.org")
