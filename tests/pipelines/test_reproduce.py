"""`reproduce` on small data: its tables, resuming, and the labels of figures by corpus."""

import csv
import json
import re

import pytest
import yaml
from ser_fop.pipelines import report, reproduce

from tests.stages import eager_steps

CONFIG = {
    "compare_with": [],
    "workers": 1,
    "model": {"d_model": 8, "heads": 2, "feed_forward": 8, "layers": 1},
    "pretraining": {"epochs": 1, "horizons": [1, 3], "batch_size": 128},
    "finetuning": {"epochs": 1, "batch_size": 128},
    # Without an LSTM, whose eager steps are slow; its attention stays.
    "classifiers": {"lstm_epochs": 1, "lstm_units": 0, "rf_trees": 10, "svm_c": [1.0]},
    "cross_validation": False,
    "lstm_features": ["h_concat"],
}

# Other settings, given with `--compare-with`.
_GROUPS = {key: value for key, value in CONFIG.items() if key not in ("compare_with", "workers", "lstm_features")}
OTHER = {
    **_GROUPS,
    "model": {**CONFIG["model"], "stacked_frames": 2},
    "pretraining": {"epochs": 1, "horizons": [2], "batch_size": 128},
}


@pytest.fixture(scope="module")
def done(work, tmp_path_factory):
    root = tmp_path_factory.mktemp("reproduce")
    (root / "stacked.yaml").write_text(yaml.safe_dump(OTHER))
    (root / "c.yaml").write_text(yaml.safe_dump({**CONFIG, "compare_with": [str(root / "stacked.yaml")]}))
    arguments = [
        "--config",
        str(root / "c.yaml"),
        "--corpus",
        "ravdess",
        "--audio-dir",
        str(work / "audio" / "ravdess"),
    ]
    arguments += ["--out", str(root / "out")]
    with eager_steps(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "measure_rates", lambda *_, **__: {"transformer": 1e4, "lstm": 1e4})
        assert reproduce.main(arguments) == 0
    return root / "out", arguments


def test_tables_have_expected_rows(done):
    out, _ = done
    tables = json.loads((out / "report" / "tables.json").read_text())
    assert [row["setting"] for row in tables["table1"]] == ["none", "unlabelled", "in_corpus"]
    assert all(row["repeats"] == 1 for row in tables["table1"] if row["setting"] != "unlabelled")
    assert "wa" not in tables["table1"][1]  # no second corpus was given
    assert {(row["network"], row["feature"]) for row in tables["table2"]} == {
        ("none", "F"),
        *((network, feature) for network in ("in_corpus", "untrained") for feature in ("h1", "h_add", "h_concat")),
    }
    assert tables["controls"]["chance"]["ua"] == pytest.approx(1 / 8)
    assert not any(row.get("transductive") for row in tables["table1"])
    assert tables["table3"][0]["cross_validation"] == {}
    assert {row["first"] for row in tables["claims"]} == {"finetune-in_corpus", "classify-in_corpus-h_concat-svm"}
    assert all(row["speakers"] == 5 and 2 / 2**5 <= row["p_sign_flip"] <= 1 for row in tables["claims"])
    assert {row["kind"] for row in tables["cost"]} >= {"classify svm", "finetune none", "pretrain in_corpus"}


def test_report_without_further_corpora_has_no_cross_corpus_table(done):
    out, _ = done
    assert json.loads((out / "report" / "tables.json").read_text())["cross_corpus"] == []
    assert not (out / "report" / "cross_corpus.json").exists()
    for name in ("tables.md", "tables.tex", "figures.csv"):
        assert "ross-corpus" not in (out / "report" / name).read_text()
    assert not (out / "functionals").exists()


def test_skill_by_horizon_is_reported(done):
    out, _ = done
    tables = json.loads((out / "report" / "tables.json").read_text())
    skills = {row["network"]: row["skill_by_horizon"] for row in tables["pretraining"]}
    assert skills["untrained"] == {}
    assert list(skills["in_corpus"]) == ["1", "3"]
    (metrics,) = (out / "runs").glob("seed-0/pretrain-in_corpus/metrics.json")
    found = json.loads(metrics.read_text())["skill_by_horizon"]
    assert {horizons: row["mean"] for horizons, row in skills["in_corpus"].items()} == pytest.approx(found)
    assert "3 ahead (30 ms)" in (out / "report" / "tables.md").read_text()
    assert "Skill by horizon" in (out / "report" / "index.html").read_text()


def test_figures_csv_has_one_line_per_figure(done):
    out, _ = done
    tables = json.loads((out / "report" / "tables.json").read_text())
    with (out / "report" / "figures.csv").open() as file:
        lines = list(csv.DictReader(file))
    row = next(line for line in lines if (line["table"], line["row"], line["score"]) == ("1", "none", "ua"))
    assert float(row["mean"]) == tables["table1"][0]["ua"]["mean"]
    assert float(row["over_speakers_low"]) <= float(row["mean"]) <= float(row["over_speakers_high"])
    assert (out / "report" / "tables.tex").read_text().count(r"\toprule") >= 5


def test_cells_csv_lists_every_job(done):
    out, _ = done
    with (out / "report" / "cells.csv").open() as file:
        lines = {line["cell"]: line for line in csv.DictReader(file)}
    assert set(lines) == {str(path.parent.relative_to(out / "runs")) for path in out.glob("runs/*/*/metrics.json")}
    for job in ("finetune-none", "pretrain-in_corpus"):
        metrics = json.loads((out / "runs" / "seed-0" / job / "metrics.json").read_text())
        line = lines[f"seed-0/{job}"]
        assert (line["seed"], line["folds"], line["epochs"]) == ("0", "1", "1")
        assert line["parameters"] == str(metrics["parameters"])
        assert float(line["seconds"]) == pytest.approx(metrics["seconds"], abs=0.1)
    page = (out / "report" / "index.html").read_text()
    assert 'href="../runs/seed-0/finetune-none/predictions.csv"' in page
    assert page.count("Versions of all jobs: python") == 1


def test_figure_on_page_matches_run(done):
    out, _ = done
    run = json.loads((out / "runs" / "seed-0" / "finetune-none" / "metrics.json").read_text())
    row = next(line for line in (out / "report" / "tables.md").read_text().splitlines() if "no pretraining" in line)
    for score in ("wa", "ua"):
        interval = run["intervals"][score]["speakers"]
        ends = f"[{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"
        assert f"| {100 * run[score]:.2f} {ends} |" in row


def test_page_names_corpus_and_separates_paper_figures(done):
    out, _ = done
    page = (out / "report" / "index.html").read_text()
    assert "Our figures were measured on RAVDESS (speech), not on IEMOCAP" in page
    assert "WA % (RAVDESS (speech))" in page
    assert "paper, WA % (IEMOCAP)" in page
    assert page.index("What pretraining gains") < page.index("<table")
    assert page.index("Hollow diamonds: the paper") < page.index("<table")
    targets = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)\)""", page)
    assert targets
    assert all(
        target.startswith(("#", "data:", "../runs/", "../presets/")) for pair in targets for target in pair if target
    )
    assert "@import" not in page


def test_second_call_trains_nothing(done, capsys):
    out, arguments = done
    before = (out / "runs/seed-0/finetune-none/metrics.json").read_bytes()
    assert reproduce.main(arguments) == 0
    printed = capsys.readouterr().out
    assert len(re.findall(r"all \d+ jobs are complete", printed)) == 2  # without a measurement of the training speed
    assert "is complete" not in printed
    assert (out / "logs" / "seed-0.txt").read_text().count("is complete") > 20
    assert (out / "runs/seed-0/finetune-none/metrics.json").read_bytes() == before


@pytest.mark.slow  # an experiment of its own
def test_verbose_prints_what_jobs_print(done, capsys):
    _, arguments = done
    assert reproduce.main([*arguments, "--verbose"]) == 0
    assert capsys.readouterr().out.count("is complete") > 20


def test_reproduce_rejects_other_config(done, capsys):
    _, arguments = done
    assert reproduce.main([*arguments, "--pretraining.epochs", "2"]) == 2
    assert "its pretraining.epochs is 1, now 2" in capsys.readouterr().err


def test_report_rebuilds_page(done):
    out, _ = done
    page = (out / "report" / "index.html").read_text()
    (out / "report" / "index.html").unlink()
    assert report.main(["--run", str(out)]) == 0
    assert (out / "report" / "index.html").read_text() == page


class TestCompareWith:
    def test_other_settings_have_own_folder_and_page(self, done):
        out, _ = done
        folder = out / "presets" / "stacked"
        config = json.loads((folder / "config.json").read_text())["config"]
        assert config["model"]["stacked_frames"] == 2
        assert config["seed"] == 0
        assert (folder / "report" / "index.html").exists()

    def test_other_settings_have_own_tables(self, done):
        out, _ = done
        tables = json.loads((out / "report" / "tables.json").read_text())
        other = tables["presets"]["stacked"]
        assert len(other["table2"]) == len(tables["table2"])
        assert other["table1"][0]["wa"] != tables["table1"][0]["wa"]
        text = (out / "report" / "tables.md").read_text()
        assert "## Settings `stacked`. Table 1. Fine-tuning" in text
        assert "Settings `stacked`: Differs from preset paper in" in text
        assert "model.d_model 8 (not 256)" in text
        page = (out / "report" / "index.html").read_text()
        assert 'href="../presets/stacked/report/index.html"' in page
        rows = list(csv.DictReader((out / "report" / "figures.csv").open()))
        assert {row["settings"] for row in rows} == {"", "stacked"}


@pytest.mark.slow
def test_study_resumes_from_job_cache(done, tmp_path, capsys):
    """The second call trains nothing, and its report has the same figures."""
    out, arguments = done
    assert reproduce.main([*arguments, "--cache-dir", str(tmp_path / "cache")]) == 0
    assert sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*.xz")) < 300_000
    capsys.readouterr()
    moved = [*arguments[:-1], str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    assert reproduce.main(moved) == 0
    assert "they are not run again" in capsys.readouterr().out
    logs = [(folder / "logs" / "seed-0.txt").read_text() for folder in (out, tmp_path / "out")]
    assert ["WA 0." in log for log in logs] == [True, False]
    one, other = (json.loads((folder / "report" / "tables.json").read_text()) for folder in (out, tmp_path / "out"))
    assert other["table1"] == one["table1"]
    assert other["table2"] == one["table2"]
    assert other["claims"] == one["claims"]
    assert not list((tmp_path / "out").rglob("*.weights.h5"))


@pytest.mark.parametrize("option", ["--claim-features", "--lstm-features"])
def test_unknown_feature_is_rejected(tmp_path, capsys, option):
    arguments = ["--corpus", "ravdess", "--audio-dir", str(tmp_path), "--out", str(tmp_path / "out")]
    assert reproduce.main([*arguments, option, "h9"]) == 2
    assert "h9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
