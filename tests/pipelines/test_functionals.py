import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from ser_fop.pipelines import classify
from ser_fop.pipelines import functionals as stage

from ser_fop.corpora import opensmile as functionals
from ser_fop.corpora.audio import AudioError, read_audio, trim_silence
from ser_fop.corpora.opensmile import Sound
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hypercolumns import fit_pooled
from ser_fop.hypercolumns.codes import fitted_code
from ser_fop.hypercolumns.functionals import pooled_functionals
from ser_fop.hypercolumns.pooled_features import read_pooled
from ser_fop.testing.fake_corpora import fake_ravdess
from ser_fop.training.splits.pretraining import folds_of_records
from tests.stages import run

if importlib.util.find_spec("opensmile") is None:
    pytest.skip("openSMILE is not installed (extra `classical`)", allow_module_level=True)
# openSMILE crashes in a process that has loaded TensorFlow, so the reference runs in its own process.
ALONE = """
import sys, numpy as np, opensmile
extractor = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
np.save(sys.argv[2], extractor(np.load(sys.argv[1]), 16000).ravel())
"""
SETS = ["--sets", "eGeMAPSv02", "IS09"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("functionals")
    fake_ravdess(root / "audio", odd_cases=False)
    prepared = ["--corpus", "ravdess", "--audio-dir", root / "audio", "--trim-silence"]
    run("prepare", *prepared, "--out", root / "records")
    arguments = ["--records", root / "records", "--audio-dir", root / "audio", *SETS, "--out", root / "functionals"]
    assert stage.main([str(option) for option in arguments]) == 0
    return root


@pytest.mark.slow
def test_functionals_match_opensmile_on_prepared_audio(corpus):
    records, pooled = Records(corpus / "records"), read_pooled(corpus / "functionals" / "hypercolumns.npz")
    assert {name: array.shape for name, array in pooled.arrays.items()} == {"eGeMAPSv02": (192, 88), "IS09": (192, 384)}
    row = records.rows[0]
    samples = read_audio(corpus / "audio" / row.file, sample_rate_hz=16000)
    np.save(corpus / "sound.npy", trim_silence(samples, sample_rate_hz=16000, below_db=40.0))
    alone = [sys.executable, "-c", ALONE, str(corpus / "sound.npy"), str(corpus / "expected.npy")]
    subprocess.run(alone, check=True, capture_output=True)
    expected = np.load(corpus / "expected.npy")
    np.testing.assert_allclose(pooled.of("eGeMAPSv02", [row.id])[0], expected, rtol=1e-5)
    # Counter-case: another utterance has other functionals.
    assert not np.allclose(pooled.of("eGeMAPSv02", [records.rows[1].id])[0], expected, rtol=1e-2)
    labels = {one.id: one.label for one in records.rows}
    assert [labels[key] for key in pooled.ids] == list(pooled.labels)


@pytest.mark.slow  # starts processes with openSMILE
def test_functionals_do_not_depend_on_jobs(corpus):
    records = Records(corpus / "records")
    one, other = (pooled_functionals(records, corpus / "audio", sets=["eGeMAPSv02"], jobs=jobs) for jobs in (1, 3))
    np.testing.assert_array_equal(one.arrays["eGeMAPSv02"], other.arrays["eGeMAPSv02"])


def test_classify_accepts_functionals(corpus, tmp_path, capsys):
    common = ["--hypercolumns", corpus / "functionals", "--feature", "eGeMAPSv02"]
    run("classify", *common, "--classifier", "svm", "--fold", "all", "--out", tmp_path / "svm")
    metrics = json.loads((tmp_path / "svm" / "metrics.json").read_text())
    assert metrics["n"] == 192
    assert not metrics["transductive"]
    run("classify", *common, "--classifier", "rf", "--rf-trees", "20", "--out", tmp_path / "rf")
    for options, message in (
        (["--classifier", "a_lstm"], "expected features of frames"),
        (["--feature", "h_concat"], "expected one of eGeMAPSv02, IS09"),
    ):
        assert classify.main([str(option) for option in [*common, *options, "--out", tmp_path / "no"]]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_code_trains_on_all_utterances_of_untested_speakers(corpus, tmp_path, monkeypatch):
    """The unlabelled data include utterances of other classes, and exclude the test speakers."""
    few = ["--labels", "angry", "happy", "neutral", "sad", "--trim-silence"]
    run("prepare", "--corpus", "ravdess", "--audio-dir", corpus / "audio", *few, "--out", tmp_path / "records")
    arguments = ["--records", tmp_path / "records", "--audio-dir", corpus / "audio", "--sets", "eGeMAPSv02"]
    assert stage.main([str(option) for option in [*arguments, "--out", tmp_path / "functionals"]]) == 0
    seen = {}

    def fitted_code_spy(name, features, labels, *, unlabelled, settings, seed):
        seen.update(labelled=features, others=unlabelled)
        return fitted_code(name, features, labels, unlabelled=unlabelled, settings=settings, seed=seed)

    monkeypatch.setattr(fit_pooled, "fitted_code", fitted_code_spy)
    small = ["--code", "ladder", "--code-epochs", "1", "--code-widths", "4"]
    options = ["--hypercolumns", tmp_path / "functionals", "--feature", "eGeMAPSv02", *small]
    run("classify", *options, "--out", tmp_path / "svm")
    records = Records(tmp_path / "records")
    fold = folds_of_records(records).folds[0]
    pooled = read_pooled(tmp_path / "functionals" / "hypercolumns.npz")
    rows = [row for row in records.of_speakers((*fold.train, *fold.validation))]
    labelled = {row.id for row in rows if row.label and row.speaker in fold.train}
    assert any(not row.label for row in rows)
    for name, ids in (("labelled", labelled), ("others", {row.id for row in rows} - labelled)):
        expected = pooled.of("eGeMAPSv02", sorted(ids))
        np.testing.assert_array_equal(np.sort(seen[name], axis=0), np.sort(expected, axis=0))


def test_pooled_functionals_rejects_bad_input(corpus, tmp_path):
    records = Records(corpus / "records")
    with pytest.raises(InputError, match=r"received 'egemapsv02'.*eGeMAPSv02"):
        pooled_functionals(records, corpus / "audio", sets=["egemapsv02"], jobs=1)
    with pytest.raises(InputError, match="each once"):
        pooled_functionals(records, corpus / "audio", sets=["IS09", "IS09"], jobs=1)
    with pytest.raises(InputError, match=r"\.wav does not exist: expected the audio that"):
        pooled_functionals(records, tmp_path, sets=["IS09"], jobs=1)


def test_error_names_the_broken_file(tmp_path):
    for number in range(12):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * np.sin(np.arange(16000.0)), 16000)
    (tmp_path / "6.wav").write_bytes(b"no sound")
    sounds = [Sound(path=tmp_path / f"{number}.wav", sample_rate_hz=16000) for number in range(12)]
    with pytest.raises(AudioError, match=r"/6\.wav is not audio"):
        list(functionals.functionals(sounds, sets=["eGeMAPSv02"], jobs=2))
    with pytest.raises(InputError, match="--jobs must not be negative"):
        list(functionals.functionals(sounds, sets=["eGeMAPSv02"], jobs=-1))


def test_functionals_of_short_audio_are_nan(tmp_path):
    soundfile.write(tmp_path / "short.wav", 0.1 * np.resize(np.float32([1, -1]), 300), 16000)
    sound = Sound(path=tmp_path / "short.wav", sample_rate_hz=16000)
    ((values,),) = functionals.functionals([sound], sets=["eGeMAPSv02"], jobs=1)
    assert np.isnan(values).all()


def test_missing_opensmile_error_names_the_extra(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(functionals.importlib, "import_module", missing)
    with pytest.raises(InputError, match=r"pip install 'ser_fop\[classical\]'"):
        functionals._load(("IS09",))


def test_audio_that_differs_from_the_records_is_refused(corpus, tmp_path, capsys):
    other = fake_ravdess(tmp_path / "audio", odd_cases=False)
    path = next(other.rglob("*.wav"))
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x02")
    arguments = ["--records", corpus / "records", "--audio-dir", other, *SETS, "--out", tmp_path / "out"]
    assert stage.main([str(option) for option in arguments]) == 2
    assert f"1 audio file has changed: {path.relative_to(other).as_posix()}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
