import json

import pytest

from ser_fop.experiments.reporting.findings import finding
from ser_fop.experiments.reporting.notes import caution
from ser_fop.experiments.reporting.sections import sections
from ser_fop.experiments.reporting.speakers import speaker_rows
from ser_fop.utils.run_folder import COMPLETED
from tests.experiments.reporting.empty_tables import empty_tables

NETWORKS, FEATURES = ("in_corpus", "untrained"), ("F", "h1")


def write_run(seed, job, folds, *, wa=0.8):
    folder = seed / job
    folder.mkdir(parents=True)
    intervals = {"wa": {"speakers": {"low": wa - 0.1, "high": wa + 0.1}}}
    metrics = {"wa": wa, "top_5": 0.9, "intervals": intervals, "folds": [{"verification": one} for one in folds]}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / COMPLETED).touch()


def errors(eer):
    return {"eer": eer, "min_dcf": 0.9, "eer_interval": [eer - 0.05, eer + 0.05]}


@pytest.fixture
def rows(tmp_path):
    for number, seed in enumerate((tmp_path / "seed-0", tmp_path / "seed-1")):
        write_run(seed, "classify-in_corpus-h1-svm", [errors(0.1), errors(0.2 + number / 10)])
        write_run(seed, "classify-untrained-h1-svm", [errors(0.4), None], wa=0.3)
    write_run(tmp_path / "seed-0", "classify-untrained-F-svm", [errors(0.3)], wa=0.5)
    return speaker_rows([tmp_path / "seed-0", tmp_path / "seed-1"], NETWORKS, FEATURES)


def test_rows_hold_means_over_folds_and_repeats(rows):
    assert [(row["network"], row["feature"], row["repeats"]) for row in rows] == [
        ("none", "F", 1),
        ("in_corpus", "h1", 2),
        ("untrained", "h1", 2),
    ]
    assert not any(row["feature"] == "fine-tuned network" for row in rows)
    assert rows[1]["eer"]["values"] == pytest.approx([0.15, 0.2])
    assert rows[2]["eer"]["mean"] == pytest.approx(0.4)  # the fold without pairs does not count
    assert rows[0]["top_5"]["mean"] == 0.9


def test_runs_without_pairs_have_no_row(tmp_path):
    write_run(tmp_path / "seed-0", "classify-in_corpus-h1-svm", [None, None])
    assert speaker_rows([tmp_path / "seed-0"], NETWORKS, FEATURES) == []


def test_table_and_its_sentence(rows):
    tables = empty_tables(speakers=rows)
    title, header, lines = next(one for one in sections(tables) if one[0].startswith("Speakers of Toy"))
    assert header[2:6] == ["top-1 %", "top-5 %", "EER %", "minDCF (prior .01)"]
    assert lines[0] == ["F", "no network", "50.00 [40.0, 60.0]", "90.00", "30.00 [25.0, 35.0]", "0.900", "1"]
    assert lines[1][4] == "17.50 ± 3.54 [10.0, 20.0]"
    said = finding(title, tables)
    assert "h1 (pre-trained on Toy) names the speaker most often, in 80.0 % of recordings." in said
    assert "h1 (pre-trained on Toy) has the lowest equal error rate, 17.5 %." in said
    assert not any(one[0].startswith("Speakers") for one in sections(empty_tables()))


def test_other_targets_are_not_compared_with_the_paper():
    tables = empty_tables()
    tables["corpus"]["name"] = "toy"
    assert "Do not compare them with the paper's" in caution(tables)
    tables["corpus"]["target"] = "word"
    assert caution(tables).endswith("for the 2 classes of the target `word`. The paper has no such figures.")
    row = {"setting": "none", "paper_wa": None}
    header = next(one[1] for one in sections({**tables, "table1": [row]}) if one[0].startswith("Table 1"))
    assert not any(name.startswith("paper") for name in header)
    published = next(
        one[1] for one in sections({**tables, "table1": [{**row, "paper_wa": 60.0}]}) if one[0].startswith("Table 1")
    )
    assert published[-1].startswith("paper")


def test_fine_tuned_networks_have_a_row_without_pairs(tmp_path):
    write_run(tmp_path / "seed-0", "classify-in_corpus-h1-svm", [errors(0.1)])
    write_run(tmp_path / "seed-0", "finetune-none", [None], wa=0.95)
    rows = speaker_rows([tmp_path / "seed-0"], NETWORKS, FEATURES)
    *_, line = next(one[2] for one in sections(empty_tables(speakers=rows)) if one[0].startswith("Speakers"))
    assert line == ["fine-tuned network", "no pretraining", "95.00 [85.0, 105.0]", "90.00", "", "", "1"]
    assert "Fine-tuning (no pretraining) names the speaker most often" in finding(
        "Speakers of Toy", empty_tables(speakers=rows)
    )
