"""The synthetic corpora are reproducible, have the layouts of IEMOCAP and VCTK, and are of medium difficulty."""

import dataclasses
import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("espeakng_loader", reason="espeak-ng is optional: pip install 'ser_fop[demo]'")

from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.synthetic import corpus as synthetic
from ser_fop.corpora.synthetic import speech as synthetic_speech
from ser_fop.corpora.synthetic import trees as synthetic_trees
from ser_fop.corpora.synthetic.corpus import MARKER, SyntheticConfig, write_labelled, write_synthetic, write_unlabelled
from ser_fop.corpora.synthetic.texts import SENTENCES
from ser_fop.corpora.synthetic.voices import LABELLED, UNLABELLED
from ser_fop.errors import InputError

TINY = SyntheticConfig(utterances_per_emotion=2, others_per_speaker=1, unlabelled_speakers=10, unlabelled_per_speaker=1)
FOUR_CLASSES = {"ang": "ang", "hap": "hap", "exc": "hap", "sad": "sad", "neu": "neu"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a folder with both trees."""
    folder = tmp_path_factory.mktemp("tiny") / "not" / "there" / "yet"
    write_synthetic(folder, config=TINY)
    return folder


def _digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _rows(root: Path) -> list[tuple[Path, str]]:
    """Return the recordings of a labelled tree with their annotations."""
    rows = []
    for evaluation in sorted(root.glob("Session*/dialog/EmoEvaluation/*.txt")):
        for line in evaluation.read_text().splitlines():
            if line.startswith("["):
                _, name, annotation, _ = line.split("\t")
                rows.append(
                    (evaluation.parents[2] / "sentences" / "wav" / evaluation.stem / f"{name}.flac", annotation)
                )
    return rows


def _samples(path: Path) -> tuple[np.ndarray, int]:
    with soundfile.SoundFile(path) as file:
        assert (file.channels, file.subtype) == (1, "PCM_16")
        return file.read(dtype="int16"), file.samplerate


class TestBytes:
    def test_write_synthetic_same_seed_gives_same_bytes(self, tiny, tmp_path):
        write_synthetic(tmp_path, config=TINY)
        assert _digests(tmp_path) == _digests(tiny)

    def test_write_synthetic_other_seed_gives_other_bytes(self, tiny, tmp_path):
        config = dataclasses.replace(TINY, seed=1, utterances_per_emotion=1, unlabelled_speakers=1)
        write_synthetic(tmp_path, config=config)
        ours, theirs = _digests(tmp_path), _digests(tiny)
        audio = [name for name in ours.keys() & theirs.keys() if name.endswith(".flac")]
        assert len(audio) > 2
        assert all(ours[name] != theirs[name] for name in audio)

    def test_utterance_does_not_depend_on_corpus_size(self, tiny, tmp_path):
        write_unlabelled(tmp_path, config=dataclasses.replace(TINY, unlabelled_speakers=2, unlabelled_per_speaker=3))
        ours, theirs = _digests(tmp_path), _digests(tiny)
        shared = [name for name in ours.keys() & theirs.keys() if name.endswith((".flac", "_001.txt"))]
        assert len(shared) == 4
        assert all(ours[name] == theirs[name] for name in shared)

    def test_render_does_not_depend_on_order(self):
        def synthesise(index: int) -> np.ndarray:
            rng = synthetic_speech.generator(seed=3, role=f"order/{index}")
            voice = LABELLED[index]
            prosody = synthetic_speech.draw_prosody(voice=voice, emotion="hap", seed=3, spread=1.0, rng=rng)
            return synthetic_speech.render(
                SENTENCES[index], voice=voice, prosody=prosody, sample_rate_hz=16000, snr_db=(20.0, 30.0), rng=rng
            )

        forwards = {index: synthesise(index) for index in range(5)}
        backwards = {index: synthesise(index) for index in reversed(range(5))}
        for index in range(5):
            np.testing.assert_array_equal(forwards[index], backwards[index])


class TestLayout:
    def test_labelled_recordings_match_their_evaluations_and_transcripts(self, tiny):
        root = tiny / synthetic.LABELLED_FOLDER
        rows = _rows(root)
        assert {path for path, _ in rows} == set(root.rglob("*.flac"))
        assert len(rows) == 10 * 9
        transcribed = [
            line.split(" [")[0]
            for path in root.glob("Session*/dialog/transcriptions/*.txt")
            for line in path.read_text().splitlines()
        ]
        assert sorted(transcribed) == sorted(path.stem for path, _ in rows)
        for path, _ in rows:
            samples, rate_hz = _samples(path)
            assert rate_hz == 16000
            assert 0.6 < samples.size / rate_hz < 6.0
            assert samples.astype(float).std() > 100
            assert np.mean(np.abs(samples.astype(int)) >= 32767) < 0.001

    def test_marker_counts_match_the_files(self, tiny):
        labelled, unlabelled = tiny / synthetic.LABELLED_FOLDER, tiny / synthetic.UNLABELLED_FOLDER
        counts = json.loads((labelled / MARKER).read_text())["counts"]["annotations"]
        assert counts == Counter(annotation for _, annotation in _rows(labelled))
        assert set(counts) == {*FOUR_CLASSES, "fru"}
        speakers = json.loads((unlabelled / MARKER).read_text())["counts"]["speakers"]
        assert speakers == Counter(path.parent.name for path in unlabelled.rglob("*.flac"))

    def test_labelled_tree_is_read_as_iemocap(self, tiny):
        listing = synthetic.SYNTHETIC.read(tiny, ReadOptions())
        assert len(listing.utterances) == 90
        assert listing.problems == ()
        assert set(listing.labels) == {"ang", "hap", "sad", "neu"}
        assert len({utterance.session for utterance in listing.utterances}) == 5
        assert {utterance.style for utterance in listing.utterances} == {"improvised", "scripted"}
        by_speaker: dict[str, Counter] = {}
        for utterance in listing.utterances:
            by_speaker.setdefault(utterance.speaker, Counter())[utterance.label] += 1
        assert len(by_speaker) == 10
        expected = {"ang": 2, "hap": 2, "sad": 2, "neu": 2, "": 1}
        assert all(counts == expected for counts in by_speaker.values())
        assert Counter(utterance.gender for utterance in listing.utterances) == {"F": 45, "M": 45}

    def test_unlabelled_tree_is_read_as_vctk(self, tiny):
        listing = synthetic.SYNTHETIC_UNLABELLED.read(tiny, ReadOptions())
        assert len(listing.utterances) == 10
        assert listing.problems == ()
        assert len({utterance.speaker for utterance in listing.utterances}) == 10
        assert Counter(utterance.gender for utterance in listing.utterances) == {"F": 5, "M": 5}
        samples, rate_hz = soundfile.read(next((tiny / synthetic.UNLABELLED_FOLDER).rglob("*.flac")))
        assert rate_hz == 16000
        assert samples.size / rate_hz > 0.6

    def test_no_voice_is_in_both_corpora(self):
        assert len({voice.voice for voice in (*LABELLED, *UNLABELLED)}) == len(LABELLED) + len(UNLABELLED)
        assert len({voice.speaker for voice in (*LABELLED, *UNLABELLED)}) == len(LABELLED) + len(UNLABELLED)

    def test_sentences_are_distinct(self):
        assert len(set(SENTENCES)) == len(SENTENCES) >= 60


class TestReuse:
    def test_write_synthetic_reuses_complete_tree(self, tiny, monkeypatch):
        monkeypatch.setattr(synthetic, "write_iemocap_tree", _fail)
        monkeypatch.setattr(synthetic, "write_vctk_tree", _fail)
        assert write_synthetic(tiny, config=TINY) == (
            tiny / synthetic.LABELLED_FOLDER,
            tiny / synthetic.UNLABELLED_FOLDER,
        )

    def test_read_generates_the_default_only_in_an_empty_folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(synthetic, "SyntheticConfig", lambda: TINY)
        folder = tmp_path / "new"
        assert len(synthetic.SYNTHETIC.read(folder, ReadOptions()).utterances) == 90
        monkeypatch.setattr(synthetic, "write_iemocap_tree", _fail)
        assert len(synthetic.SYNTHETIC.read(folder, ReadOptions()).utterances) == 90
        root = folder / synthetic.LABELLED_FOLDER
        assert len(synthetic.SYNTHETIC.read(root, ReadOptions()).utterances) == 90

    @pytest.mark.parametrize(("name", "value"), [("seed", 5), ("utterances_per_emotion", 3), ("spread", 0.5)])
    def test_write_labelled_rejects_other_parameters(self, tiny, name, value):
        written = getattr(TINY, name)
        with pytest.raises(InputError, match=f"{name}: expected {value}, received {written}"):
            write_labelled(tiny, config=dataclasses.replace(TINY, **{name: value}))

    def test_write_labelled_ignores_parameters_of_unlabelled(self, tiny):
        write_labelled(tiny, config=dataclasses.replace(TINY, unlabelled_per_speaker=7))

    def test_interrupted_tree_is_written_again(self, tiny, tmp_path, monkeypatch):
        config = dataclasses.replace(TINY, unlabelled_speakers=1)
        real = synthetic_trees.render
        calls = iter(range(100))

        def interrupted(*args, **kwargs):
            if next(calls) == 3:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        monkeypatch.setattr(synthetic_trees, "render", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_labelled(tmp_path, config=config)
        assert list(tmp_path.iterdir()) == []
        monkeypatch.undo()
        root = write_labelled(tmp_path, config=config)
        assert _digests(root) == _digests(tiny / synthetic.LABELLED_FOLDER)

    def test_stale_partial_tree_is_removed_and_recent_one_kept(self, tmp_path):
        stale, recent = tmp_path / ".synthetic-partial-a", tmp_path / ".synthetic-partial-b"
        for partial in (stale, recent):
            (partial / "IEMOCAP_full_release").mkdir(parents=True)
        os.utime(stale, (0, 0))
        write_unlabelled(tmp_path, config=dataclasses.replace(TINY, unlabelled_speakers=1))
        assert not stale.exists()
        assert recent.exists()

    def test_write_labelled_leaves_a_foreign_tree_unchanged(self, tmp_path):
        note = tmp_path / synthetic.LABELLED_FOLDER / "Session1" / "note.txt"
        note.parent.mkdir(parents=True)
        note.write_text("recorded")
        with pytest.raises(InputError, match="not a synthetic corpus"):
            write_labelled(tmp_path, config=TINY)
        assert note.read_text() == "recorded"

    def test_write_labelled_names_a_damaged_marker(self, tmp_path):
        marker = tmp_path / synthetic.LABELLED_FOLDER / MARKER
        marker.parent.mkdir()
        marker.write_text("{")
        with pytest.raises(InputError, match=MARKER):
            write_labelled(tmp_path, config=TINY)

    @pytest.mark.parametrize(
        ("name", "value"), [("seed", -1), ("utterances_per_emotion", 0), ("unlabelled_speakers", 99), ("spread", -0.1)]
    )
    def test_synthetic_config_rejects_values_out_of_range(self, name, value):
        with pytest.raises(InputError, match=name):
            SyntheticConfig(**{name: value})


def test_emotions_are_separable_but_overlap(tmp_path):
    """A simple classifier has a WA well above chance (25 %) and well below 100 % on held-out sessions."""
    pipeline = pytest.importorskip("sklearn.pipeline")
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    root = write_labelled(tmp_path, config=SyntheticConfig(utterances_per_emotion=5, others_per_speaker=0))
    rows = _rows(root)
    features = np.array([_log_mel_statistics(path) for path, _ in rows])
    labels = np.array([FOUR_CLASSES[annotation] for _, annotation in rows])
    sessions = np.array([path.relative_to(root).parts[0] for path, _ in rows])
    correct = 0
    for session in np.unique(sessions):
        test = sessions == session
        classifier = pipeline.make_pipeline(StandardScaler(), SVC(C=3.0)).fit(features[~test], labels[~test])
        correct += int((classifier.predict(features[test]) == labels[test]).sum())
    assert 0.40 < correct / len(rows) < 0.95


def _log_mel_statistics(path: Path) -> np.ndarray:
    """Return the mean and standard deviation over time of 40 log-mel bands, shape (80,)."""
    samples, rate_hz = _samples(path)
    frames = np.lib.stride_tricks.sliding_window_view(samples / 32768.0, 400)[::160] * np.hanning(400)
    power = np.abs(np.fft.rfft(frames, 512)) ** 2
    edges_mel = np.linspace(0.0, 2595.0 * np.log10(1.0 + rate_hz / 2 / 700.0), 42)
    edges_hz = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins_hz = np.fft.rfftfreq(512, 1.0 / rate_hz)
    low, centre, high = (edges_hz[start : start + 40, None] for start in range(3))
    bands = np.maximum(0.0, np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)))
    log_mel = np.log(power @ bands.T + 1e-8)
    return np.concatenate([log_mel.mean(axis=0), log_mel.std(axis=0)])


def _fail(*_args, **_kwargs):
    raise AssertionError("nothing should be synthesised")
