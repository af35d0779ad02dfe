"""`reproduce --cross-corpus` on small corpora, with made-up functionals instead of openSMILE's."""

import contextlib
import csv
import json

import numpy as np
import pytest
import yaml
from ser_fop.pipelines import reproduce

from ser_fop.corpora import opensmile
from ser_fop.evaluation.predictions import read_predictions
from ser_fop.hypercolumns import functionals
from ser_fop.testing.fake_corpora import fake_csv
from tests.pipelines.test_reproduce import CONFIG
from tests.stages import eager_steps

# Only the cross-corpus jobs, and what they need.
LIMITS = {"finetuning": 0, "forest": 0, "a_lstm": 0, "in_corpus": 0}
ROWS = [
    {"file": f"{speaker}-{emotion}.wav", "speaker": speaker, "emotion": emotion}
    for speaker in ("anna", "bert", "carl", "dora")
    for emotion in ("joy", "sadness", "boredom")
]


def made_up_functionals(sounds, *, sets, jobs):
    """Return random functionals of each sound."""
    generator = np.random.default_rng(0)
    return [[generator.normal(size=5).astype(np.float32) for _ in sets] for _ in sounds]


@contextlib.contextmanager
def made_up():
    """Run small steps, without openSMILE and without a measurement of the training speed."""
    with eager_steps(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "measure_rates", lambda *_, **__: {"transformer": 1e4, "lstm": 1e4})
        patch.setattr(reproduce, "require_opensmile", lambda: None)
        patch.setattr(functionals, "functionals", made_up_functionals)
        yield


@pytest.fixture(scope="module")
def done(work, tmp_path_factory):
    root = tmp_path_factory.mktemp("cross_corpus")
    manifest = fake_csv(root / "mine", rows=ROWS)
    own = manifest.rename(manifest.parent / "audio" / "list.csv")
    config = {**CONFIG, "repeats_of": LIMITS, "corpus": "ravdess", "audio_dir": str(work / "audio" / "ravdess")}
    config |= {"unlabelled": f"librispeech={work / 'audio' / 'librispeech'}", "cross_corpus": [f"mine={own}"]}
    (root / "c.yaml").write_text(yaml.safe_dump(config))
    arguments = ["--config", str(root / "c.yaml"), "--cache-dir", str(root / "cache"), "--out"]
    with made_up():
        assert reproduce.main([*arguments, str(root / "out")]) == 0
    return root, arguments


@pytest.mark.slow  # a whole experiment on three corpora
def test_every_corpus_is_left_out(done):
    out = done[0] / "out"
    tables = json.loads((out / "report" / "tables.json").read_text())
    ravdess, mine = tables["cross_corpus"]
    assert (ravdess["corpus"], ravdess["title"], mine["title"]) == ("ravdess", "RAVDESS (speech)", "mine")
    # Joy and sadness are the only classes that both corpora have; boredom has no common name.
    assert ravdess["classes"] == mine["classes"] == ["happy", "sad"]
    assert (ravdess["n"], ravdess["speakers"], ravdess["unmatched"]) == (48, 24, 144)
    assert (mine["n"], mine["speakers"], mine["chance"]) == (8, 4, 0.5)
    for row in (ravdess, mine):
        assert list(row["systems"]) == ["scratch", "unlabelled", "egemaps_svm"]
        assert row["systems"]["unlabelled"]["against_rival"]["speakers"] == row["speakers"]
        assert all(found["within"]["ua"] for found in row["systems"].values())
    table = read_predictions(out / "runs" / "seed-0" / "cross-scratch-zero_shot-mine" / "predictions.csv")
    assert {item.predicted for item in table} <= {"happy", "sad"}
    assert json.loads((out / "report" / "cross_corpus.json").read_text()) == tables["cross_corpus"]
    assert tables["unlabelled"]["name"] == "librispeech"


@pytest.mark.slow  # a whole experiment on three corpora
def test_report_shows_the_table(done):
    report = done[0] / "out" / "report"
    for name in ("tables.md", "tables.tex", "index.html"):
        assert "Cross-corpus: every corpus left out in turn" in (report / name).read_text()
    assert "(8 classes) |" in (report / "tables.md").read_text()  # of RAVDESS within, not zero-shot
    assert "Mean UA on 2 corpora left out" in (report / "index.html").read_text()
    assert "Hollow diamonds: chance." in (report / "index.html").read_text()
    lines = list(csv.DictReader((report / "figures.csv").open()))
    assert {line["row"] for line in lines if line["table"] == "cross-corpus"} == {"ravdess", "mine"}


@pytest.mark.slow  # a whole experiment on three corpora
def test_jobs_are_restored_from_the_cache(done, capsys):
    """The jobs of the pretrained network are stored with it, because its weights are not."""
    root, arguments = done
    files = {path.name for path in (root / "cache" / "seed-0").iterdir()}
    assert {"unlabelled.json.xz", "scratch-zero_shot-mine.json.xz", "egemaps_svm-within.json.xz"} <= files
    assert not [name for name in files if name.startswith("unlabelled-")]
    with made_up():
        assert reproduce.main([*arguments, str(root / "other")]) == 0
    assert "they are not run again" in capsys.readouterr().out
    assert not list((root / "other" / "runs").rglob("*.weights.h5"))
    one, other = (json.loads((root / name / "report" / "cross_corpus.json").read_text()) for name in ("out", "other"))
    for before, after in zip(one, other, strict=True):
        for system, found in before["systems"].items():
            assert after["systems"][system]["zero_shot"]["ua"] == found["zero_shot"]["ua"]
            assert after["systems"][system]["within"] == found["within"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cross-corpus", "emo_db=a"], "received 'emo_db'"),
        (["--cross-corpus", "ravdess=a"], "which --corpus names too"),
        (["--cross-corpus", "emodb=a"], "openSMILE is not installed: pip install 'ser_fop[classical]'"),
        (["--systems", "egemaps_svm"], "openSMILE is not installed"),
        (["--finetuning.contrastive-weight", "1", "--cross-corpus", "emodb=a"], "contrastive_weight"),
        (["--finetuning.augmentation.renditions", "0.5"], "received --renditions 0"),
        (["--renditions", "-1"], "--renditions expected 0 or more, received -1"),
    ],
)
def test_bad_settings_are_refused_before_any_work(tmp_path, capsys, monkeypatch, options, message):
    if "contrastive" in message:
        monkeypatch.setattr(reproduce, "require_opensmile", lambda: None)
    monkeypatch.setattr(opensmile.importlib.util, "find_spec", lambda _: None)
    arguments = ["--corpus", "ravdess", "--audio-dir", str(tmp_path), "--out", str(tmp_path / "out"), *options]
    assert reproduce.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out" / "config.json").exists()
