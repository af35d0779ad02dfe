import subprocess
import sys
from pathlib import Path

import pytest

from ser_fop.corpora.base import ReadOptions, listing
from ser_fop.corpora.registry import CORPORA, get_corpus
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError
from ser_fop.testing import fake_corpora
from ser_fop.testing.tones import write_apple_double

OPTIONS = ReadOptions()
TREES = {
    "iemocap": fake_corpora.fake_iemocap,
    "vctk": fake_corpora.fake_vctk_092,
    "ravdess": fake_corpora.fake_ravdess,
    "librispeech": fake_corpora.fake_librispeech,
    "emodb": fake_corpora.fake_emodb,
    "crema_d": fake_corpora.fake_crema_d,
    "speech_commands": fake_corpora.fake_speech_commands,
    "fsdd": fake_corpora.fake_fsdd,
    "audiomnist": fake_corpora.fake_audiomnist,
    "emospeechcommands": fake_corpora.fake_emospeechcommands,
    "voxceleb1": fake_corpora.fake_voxceleb1,
    "speechocean762": fake_corpora.fake_speechocean762,
}


def test_corpora_are_listed_by_name():
    assert [corpus.name for corpus in CORPORA.values()] == list(CORPORA)
    assert {*TREES, "csv", "synthetic", "synthetic_unlabelled"} == set(CORPORA)
    for name in TREES:
        corpus = CORPORA[name]
        assert corpus.title
        assert corpus.licence
        assert corpus.citation
        assert corpus.url.startswith("http")


def test_get_corpus_suggests_closest_name():
    assert get_corpus("emodb") is CORPORA["emodb"]
    with pytest.raises(InputError, match=r"unknown corpus 'iemocop'.*librispeech.*Did you mean 'iemocap'\?"):
        get_corpus("iemocop")


def test_get_corpus_suggests_no_distant_name():
    with pytest.raises(InputError, match=r"unknown corpus 'xyz': expected one of [^?]*$"):
        get_corpus("xyz")


def test_readers_import_no_tensorflow():
    code = "import sys, ser_fop.corpora, ser_fop.corpora.summary; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", TREES)
class TestEveryTree:
    def test_read_twice_gives_the_same_listing(self, name, tmp_path):
        root = TREES[name](tmp_path)
        first, second = (get_corpus(name).read(root, OPTIONS) for _ in range(2))
        assert first == second
        ids = [utterance.id for utterance in first.utterances]
        assert ids == sorted(set(ids))

    def test_read_files_are_relative_and_exist(self, name, tmp_path):
        root = TREES[name](tmp_path)
        for utterance in get_corpus(name).read(root, OPTIONS).utterances:
            assert "\\" not in utterance.file
            assert not Path(utterance.file).is_absolute()
            assert (root / utterance.file).is_file()
            assert utterance.speaker
            assert utterance.gender in ("", "F", "M")

    def test_read_ignores_apple_double_files(self, name, tmp_path):
        root = TREES[name](tmp_path)
        before = get_corpus(name).read(root, OPTIONS)
        for utterance in before.utterances:
            write_apple_double(root / utterance.file)
        assert get_corpus(name).read(root, OPTIONS) == before


@pytest.mark.parametrize("name", [*TREES, "csv"])
class TestWrongFolder:
    def options(self, name, tmp_path):
        return ReadOptions(manifest=fake_corpora.fake_csv(tmp_path / "own")) if name == "csv" else OPTIONS

    def test_read_missing_folder_is_rejected(self, name, tmp_path):
        options = self.options(name, tmp_path)
        with pytest.raises(InputError, match=rf"nowhere of corpus '{name}' does not exist\. Give --audio-dir"):
            get_corpus(name).read(tmp_path / "nowhere", options)

    def test_read_file_instead_of_folder_is_rejected(self, name, tmp_path):
        options = self.options(name, tmp_path)
        (tmp_path / "a.txt").write_text("a")
        with pytest.raises(InputError, match=r"expected a folder, received the file .*a\.txt"):
            get_corpus(name).read(tmp_path / "a.txt", options)

    def test_read_empty_folder_is_rejected(self, name, tmp_path):
        options = self.options(name, tmp_path)
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match=r"empty.*expected") as error:
            get_corpus(name).read(tmp_path / "empty", options)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("iemocap", "sad"),
        ("ravdess", "sad"),
        ("emodb", "sadness"),
        ("crema_d", "SAD"),
        ("speech_commands", "backward"),
        ("emospeechcommands", "calm"),
        ("voxceleb1", "id10001"),
    ],
)
class TestLabelSet:
    def test_labels_unknown_label_suggests_closest(self, name, label, tmp_path):
        with pytest.raises(InputError, match=rf"'{label}x'.*expected some of.*Did you mean '{label}'\?"):
            get_corpus(name).read(TREES[name](tmp_path), ReadOptions(labels=(label, f"{label}x")))

    def test_labels_duplicate_label_is_rejected(self, name, label, tmp_path):
        with pytest.raises(InputError, match=rf"twice: {label}, {label}"):
            get_corpus(name).read(TREES[name](tmp_path), ReadOptions(labels=(label, label)))


@pytest.mark.parametrize("name", ["librispeech", "vctk", "speechocean762"])
def test_labels_of_unlabelled_corpus_are_rejected(name, tmp_path):
    with pytest.raises(InputError, match=f"{name} has no labels.*sad, happy"):
        get_corpus(name).read(TREES[name](tmp_path), ReadOptions(labels=("sad", "happy")))


class TestListing:
    def test_listing_sorts_and_rejects_duplicate_ids(self, tmp_path):
        one, other = (Utterance(id=name, file=f"{name}.wav", speaker="s") for name in ("a", "b"))
        found = listing(corpus="x", folder=tmp_path, utterances=[other, one], expected="files")
        assert found.utterances == (one, other)
        again = Utterance(id="a", file="c.wav", speaker="s")
        with pytest.raises(InputError, match=r"share the id 'a': a\.wav and c\.wav"):
            listing(corpus="x", folder=tmp_path, utterances=[one, other, again], expected="files")
