import shutil

import pytest
import soundfile

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.vctk import CORPUS
from ser_fop.errors import InputError
from ser_fop.testing.fake_corpora import fake_vctk_080, fake_vctk_092
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import write_voice

DEFAULT = ReadOptions()
MIC2 = ReadOptions(microphone="mic2")


def ids(listing):
    return [utterance.id for utterance in listing.utterances]


def genders(listing):
    return {utterance.speaker: utterance.gender for utterance in listing.utterances}


class TestRelease080:
    def test_read_listing(self, tmp_path):
        root = fake_vctk_080(tmp_path)
        listing = CORPUS.read(root, DEFAULT)
        assert ids(listing) == [f"{speaker}_00{n}" for speaker in ("p225", "p226", "p280", "p315") for n in (1, 2)]
        assert listing.utterances[0].file == "wav48/p225/p225_001.wav"
        assert listing.labels == ()
        assert listing.problems == ()
        assert {(u.label, u.annotation, u.session, u.style) for u in listing.utterances} == {("", "", "", "read")}

    def test_read_genders_from_ids_without_p(self, tmp_path):
        listing = CORPUS.read(fake_vctk_080(tmp_path), DEFAULT)
        assert genders(listing) == {"p225": "F", "p226": "M", "p280": "", "p315": "M"}

    def test_read_speaker_without_region(self, tmp_path):
        listing = CORPUS.read(fake_vctk_080(tmp_path, speakers=["p362"]), DEFAULT)
        assert genders(listing) == {"p362": "F"}

    def test_read_without_speaker_info_and_text(self, tmp_path):
        root = fake_vctk_080(tmp_path)
        (root / "speaker-info.txt").unlink()
        shutil.rmtree(root / "txt")
        listing = CORPUS.read(root, DEFAULT)
        assert len(listing.utterances) == 8
        assert set(genders(listing).values()) == {""}

    def test_read_parent_folder(self, tmp_path):
        fake_vctk_080(tmp_path / "VCTK-Corpus")
        assert CORPUS.read(tmp_path, DEFAULT).utterances[0].file == "VCTK-Corpus/wav48/p225/p225_001.wav"

    def test_file_in_folder_of_other_speaker_is_a_problem(self, tmp_path):
        root = fake_vctk_080(tmp_path)
        (root / "wav48/p226/p226_001.wav").rename(root / "wav48/p225/p226_001.wav")
        listing = CORPUS.read(root, DEFAULT)
        assert "p226_001" not in ids(listing)
        assert [problem.file for problem in listing.problems] == ["wav48/p225/p226_001.wav"]

    def test_second_microphone_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"0\.80, which has mic1 only.*received 'mic2'"):
            CORPUS.read(fake_vctk_080(tmp_path), MIC2)


class TestRelease092:
    def test_read_first_microphone(self, tmp_path):
        listing = CORPUS.read(fake_vctk_092(tmp_path), DEFAULT)
        expected = [f"{speaker}_00{n}" for speaker in ("p225", "p226", "p280", "p315", "p362", "s5") for n in (1, 2)]
        assert ids(listing) == [name for name in expected if name not in ("p226_002", "p362_002")]
        assert {utterance.file.rsplit("_", 1)[1] for utterance in listing.utterances} == {"mic1.flac"}
        assert listing.utterances[0].file == "wav48_silence_trimmed/p225/p225_001_mic1.flac"

    def test_read_genders_from_full_ids(self, tmp_path):
        assert genders(CORPUS.read(fake_vctk_092(tmp_path), DEFAULT)) == {
            "p225": "F", "p226": "M", "p280": "F", "p315": "M", "p362": "F", "s5": "F",
        }  # fmt: skip

    def test_missing_microphone_is_a_problem(self, tmp_path):
        root = fake_vctk_092(tmp_path)
        first = CORPUS.read(root, DEFAULT).problems
        assert [problem.file.rsplit("/", 1)[1] for problem in first] == ["p226_002_mic2.flac"]
        assert "no mic1" in first[0].message
        second = CORPUS.read(root, MIC2).problems
        assert [problem.file.rsplit("/", 1)[1] for problem in second] == [
            "p280_001_mic1.flac", "p280_002_mic1.flac", "p315_002_mic1.flac",
        ]  # fmt: skip
        assert "no mic2" in second[0].message

    def test_read_second_microphone(self, tmp_path):
        listing = CORPUS.read(fake_vctk_092(tmp_path), MIC2)
        assert not {"p280_001", "p280_002", "p315_002"} & set(ids(listing))
        assert {utterance.file.rsplit("_", 1)[1] for utterance in listing.utterances} == {"mic2.flac"}

    @pytest.mark.parametrize("name", ["p225_003.flac", "p225_003_mic3.flac", "p226_003_mic1.flac"])
    def test_invalid_file_name_is_a_problem(self, tmp_path, name):
        root = fake_vctk_092(tmp_path)
        write_voice(root / "wav48_silence_trimmed" / "p225" / name)
        listing = CORPUS.read(root, DEFAULT)
        assert len(listing.utterances) == 10
        assert f"wav48_silence_trimmed/p225/{name}" in {problem.file for problem in listing.problems}

    def test_read_parent_folder(self, tmp_path):
        fake_vctk_092(tmp_path / "VCTK-Corpus-0.92")
        assert len(CORPUS.read(tmp_path, DEFAULT).utterances) == 10

    def test_unknown_microphone_is_rejected(self, tmp_path):
        with pytest.raises(InputError, match=r"expected mic1 or mic2, received 'mic3'"):
            CORPUS.read(fake_vctk_092(tmp_path), ReadOptions(microphone="mic3"))


def test_folder_of_neither_release_is_rejected(tmp_path):
    (tmp_path / "wav16").mkdir()
    with pytest.raises(InputError, match=r"wav48.*0\.80.*wav48_silence_trimmed.*0\.92"):
        CORPUS.read(tmp_path, DEFAULT)


def test_folder_without_audio_is_rejected(tmp_path):
    (tmp_path / "wav48").mkdir()
    with pytest.raises(InputError, match=r"no utterance of corpus 'vctk'.*wav48/p225/p225_001\.wav"):
        CORPUS.read(tmp_path, DEFAULT)


def test_read_both_layouts_give_the_same_utterances(tmp_path):
    old_root = require_shared("VCTK-mini") / "VCTK-Corpus"
    new_root = tmp_path / "VCTK-Corpus-0.92"
    for wav in old_root.glob("wav48/*/*.wav"):
        folder = new_root / "wav48_silence_trimmed" / wav.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        samples, rate_hz = soundfile.read(wav, dtype="int16", frames=4800)
        for microphone in ("mic1", "mic2"):
            soundfile.write(folder / f"{wav.stem}_{microphone}.flac", samples, rate_hz)
    lines = (old_root / "speaker-info.txt").read_text().splitlines()
    (new_root / "speaker-info.txt").write_text("\n".join([lines[0], *(f"p{line}" for line in lines[1:])]) + "\n")

    old, new = CORPUS.read(old_root, DEFAULT), CORPUS.read(new_root, DEFAULT)
    assert len(old.utterances) == 12
    assert [(u.id, u.speaker, u.gender) for u in old.utterances] == [
        (u.id, u.speaker, u.gender) for u in new.utterances
    ]
    assert genders(old) == {"p225": "F", "p226": "M", "p227": "M"}
    assert old.problems == new.problems == ()
