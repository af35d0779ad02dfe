"""`reproduce` on a fake corpus with IEMOCAP's counts, and its determinism."""

import json
import os
import subprocess
import sys

import pytest
import yaml
from ser_fop.pipelines import reproduce

from ser_fop.testing.fake_corpora import fake_iemocap_full
from tests.stages import eager_steps

CONFIG = {
    "compare_with": [],
    "workers": 1,
    "model": {"d_model": 8, "heads": 2, "feed_forward": 8, "layers": 2},
    "pretraining": {"epochs": 1, "batch_size": 256},
    "finetuning": {"epochs": 1, "batch_size": 256},
    # Without an LSTM, whose eager steps are slow; its attention stays.
    "classifiers": {"lstm_epochs": 1, "lstm_units": 0, "lstm_batch_size": 256, "rf_trees": 10, "svm_c": [1.0]},
    "lstm_features": ["F", "h_concat"],
}


def run_reproduce(folder, *arguments, new_process=False, **config):
    folder.mkdir()
    (folder / "c.yaml").write_text(yaml.safe_dump({**CONFIG, **config}))
    options = [str(one) for one in ("--config", folder / "c.yaml", *arguments, "--out", folder / "out")]
    if new_process:
        command = [sys.executable, "-m", "ser_fop.pipelines.reproduce", *options]
        subprocess.run(command, check=True, timeout=1500, env=os.environ)
    else:
        with eager_steps():
            assert reproduce.main(options) == 0
    return json.loads((folder / "out" / "report" / "tables.json").read_text())


@pytest.mark.slow
def test_tables_have_counts_of_iemocap(tmp_path):
    corpus = fake_iemocap_full(tmp_path / "IEMOCAP_full_release")
    tables = run_reproduce(tmp_path / "run", "--corpus", "iemocap", "--audio-dir", corpus, cross_validation=False)
    assert (tables["corpus"]["utterances"], tables["corpus"]["labelled"]) == (10039, 5531)
    assert tables["corpus"]["speakers"] == 10
    assert {row["n"] for row in tables["table1"] if "n" in row} == {1085}
    assert {row[name]["n"] for row in tables["table2"] for name in ("svm", "rf", "a_lstm") if row[name]} == {1085}
    assert [row["feature"] for row in tables["table2"]][:5] == ["F", "h1", "h2", "h_add", "h_concat"]
    text = (tmp_path / "run" / "out" / "report" / "tables.md").read_text()
    assert "All figures were measured on IEMOCAP" in text
    assert [sum(row) for row in tables["table1"][0]["confusion"]] == [229, 278, 194, 384]


@pytest.mark.slow
def test_deterministic_runs_give_equal_tables(work, tmp_path):
    arguments = ["--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess", "--deterministic"]
    found = []
    for name in ("one", "other"):
        changes = {"model": {**CONFIG["model"], "layers": 1}, "classifiers": {**CONFIG["classifiers"], "lstm_units": 4}}
        changes["lstm_features"] = ["h_concat"]
        tables = run_reproduce(tmp_path / name, *arguments, new_process=True, cross_validation=False, **changes)
        found.append({key: tables[key] for key in ("table1", "table2", "table3", "claims")})
    one, other = (json.dumps(_without_seconds(tables), sort_keys=True) for tables in found)
    assert one == other


@pytest.mark.slow
def test_cross_validation_with_fewer_repeats_of_slow_jobs(work, three_folds, tmp_path):
    audio = work / "audio"
    arguments = ["--corpus", "ravdess", "--audio-dir", audio / "ravdess", "--folds", three_folds]
    arguments += ["--unlabelled", f"librispeech={audio / 'librispeech'}"]
    tables = run_reproduce(
        tmp_path / "run", *arguments, repeats=2, repeats_of={"finetuning": 1, "a_lstm": 1, "in_corpus": 1}
    )
    assert [row["cross_validation"]["n"] for row in tables["table1"]] == [192] * 3
    pooled = {(row["network"], row["feature"]): row["cross_validation"] for row in tables["table2"]}
    assert pooled["unlabelled", "h_concat"]["svm"]["repeats"] == 2
    assert pooled["in_corpus", "h_concat"]["svm"]["repeats"] == 1
    assert pooled["unlabelled", "h1"]["a_lstm"] == {}
    assert not any(row["cross_validation"]["transductive"] for row in tables["table1"])
    assert [(row["folds"], row["speakers"]) for row in tables["claims"]] == [(3, 24)] * 4
    page = (tmp_path / "run" / "out" / "report" / "index.html").read_text()
    assert page.count("<figure") >= 15


def _without_seconds(value):
    if isinstance(value, dict):
        return {key: _without_seconds(item) for key, item in value.items() if key != "seconds"}
    return [_without_seconds(item) for item in value] if isinstance(value, list) else value
