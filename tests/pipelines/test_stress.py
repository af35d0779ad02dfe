import csv

import pytest
from ser_fop.pipelines import stress

import ser_fop
from ser_fop.utils.json_io import read_json

EMOTIONS = ("angry", "happy", "neutral", "sad")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("stress")
    folder = ser_fop.sample("sad").parent
    rows = [f"{ser_fop.sample(emotion).name},s{number},{emotion}" for number, emotion in enumerate(EMOTIONS)]
    (root / "manifest.csv").write_text("\n".join(["file,speaker,emotion", *rows]))
    return ["--corpus", "csv", "--audio-dir", str(folder), "--manifest", str(root / "manifest.csv")]


def test_stress_writes_page_table_and_figures(corpus, tmp_path, capsys):
    out = tmp_path / "out"
    assert stress.main([*corpus, "--changes", "gain", "hum", "--out", str(out)]) == 0
    assert "4 recordings: UA" in capsys.readouterr().out
    rows = list(csv.DictReader((out / "stress.csv").open()))
    assert [row["change"] for row in rows] == ["clean", *["gain"] * 6, *["hum"] * 3]
    figures = read_json(out / "stress.json")
    assert len(figures["outcomes"]) == 10
    assert "RAVDESS" not in figures["facts"]["corpus"]
    assert (out / "stress.html").read_text().startswith("<!doctype html>")
    assert stress.main([*corpus, "--changes", "gain", "hum", "--out", str(out)]) == 0
    assert "is complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--changes", "gian"], "received 'gian'. Did you mean 'gain'?"),
        (["--model", "fop-librispeech"], "expected a model with classes"),
        (["--test-labels", "angry"], "--test-labels expected THEIRS=OURS"),
    ],
)
def test_stress_refuses_wrong_options_in_one_line(corpus, tmp_path, capsys, options, message):
    assert stress.main([*corpus, *options, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
