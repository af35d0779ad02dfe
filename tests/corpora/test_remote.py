"""Each reader gives the same listing for a URL as for a folder."""

import pytest

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.summary import summarize
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_csv
from ser_fop.testing.remote import copied
from ser_fop.utils.remote import location
from tests.corpora.test_registry import TREES

OPTIONS = ReadOptions()


@pytest.mark.parametrize("name", TREES)
def test_read_url_gives_listing_and_summary_of_folder(name, tmp_path):
    corpus = get_corpus(name)
    here = TREES[name](tmp_path)
    there = copied(here, "memory://readers/" + name)
    listing = corpus.read(here, OPTIONS)
    assert corpus.read(there, OPTIONS) == listing
    assert summarize(corpus, listing, folder=there) == summarize(corpus, listing, folder=here)
    (there / listing.utterances[0].file).unlink()
    assert corpus.read(there, OPTIONS) != listing


class TestCsv:
    def test_read_csv_manifest_at_url_gives_same_listing(self, tmp_path):
        manifest = fake_csv(tmp_path)
        with manifest.open("a") as file:
            file.write("nowhere.wav,anna,sad\n")
        here = get_corpus("csv").read(tmp_path / "audio", ReadOptions(manifest=manifest))
        there = copied(tmp_path, "memory://readers/csv")
        found = get_corpus("csv").read(there / "audio", ReadOptions(manifest=there / manifest.name))
        assert found.utterances == here.utterances
        assert [problem.file for problem in found.problems] == ["nowhere.wav"]

    def test_read_csv_missing_manifest_at_url_is_rejected(self):
        folder = location("memory://readers/none")
        folder.mkdir(parents=True, exist_ok=True)
        with pytest.raises(InputError, match=r"the manifest memory://readers/none/m.csv is not a file"):
            get_corpus("csv").read(folder, ReadOptions(manifest=folder / "m.csv"))


@pytest.mark.parametrize("name", [*TREES, "csv"])
def test_read_empty_url_is_rejected(name, tmp_path):
    options = ReadOptions(manifest=fake_csv(tmp_path)) if name == "csv" else OPTIONS
    with pytest.raises(InputError, match=r"the audio folder memory://nowhere/x of corpus .* does not exist"):
        get_corpus(name).read(location("memory://nowhere/x"), options)


@pytest.mark.parametrize("name", ["synthetic", "synthetic_unlabelled"])
def test_read_synthetic_url_is_rejected(name):
    with pytest.raises(InputError, match=r"a folder of this machine, received memory://x"):
        get_corpus(name).read(location("memory://x/y"), OPTIONS)
