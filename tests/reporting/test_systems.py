import json

import numpy as np
import pytest

from ser_fop.reporting.figures_csv import to_csv
from ser_fop.reporting.sections import sections
from ser_fop.reporting.systems import systems
from tests.evaluation.made_up import drawn, predictions_of
from tests.reporting.empty_tables import empty_tables
from tests.reporting.test_runs import write_run


@pytest.fixture
def seeds(tmp_path):
    """Two repeats of FOP, of a siamese network, and of a ladder with its pretraining."""
    generator = np.random.default_rng(0)
    accuracies = {"finetune-in_corpus": 0.9, "finetune-siamese": 0.5, "finetune-ladder": 0.7}
    for seed in (0, 1):
        root = tmp_path / f"seed-{seed}"
        for name, accuracy in accuracies.items():
            predictions = predictions_of(drawn(generator, speakers=12, accuracy=accuracy), seed=seed)
            write_run(root / name, predictions, parameters=1000, seconds=3600.0)
            needed = {"pretrained": str(root / "pretrain-ladder")} if name.endswith("ladder") else {}
            (root / name / "config.json").write_text(json.dumps({"config": needed}))
        (root / "pretrain-ladder").mkdir()
        (root / "pretrain-ladder" / "metrics.json").write_text(json.dumps({"seconds": 1800.0}))
        (root / "pretrain-ladder" / "config.json").write_text(json.dumps({"config": {}}))
        # Its hypercolumns, as they were called where the experiment was run.
        (root / "hypercolumns-ladder").mkdir()
        (root / "hypercolumns-ladder" / "metrics.json").write_text(json.dumps({"networks": 2, "seconds": 900.0}))
        config = {"pretrained": "/elsewhere/pretrain-ladder"}
        (root / "hypercolumns-ladder" / "config.json").write_text(json.dumps({"config": config}))
        cell = root / "classify-ladder-h_concat-svm"
        write_run(cell, predictions_of(drawn(generator, speakers=12), seed=seed), seconds=360.0)
        (cell / "config.json").write_text(json.dumps({"config": {"hypercolumns": "/elsewhere/hypercolumns-ladder"}}))
    return [tmp_path / f"seed-{seed}" for seed in (0, 1)]


def test_figures_cost_and_the_test_against_fop(seeds):
    rows = {row["cell"]: row for row in systems(seeds)}
    names = ["finetune-in_corpus", "finetune-siamese", "finetune-ladder", "classify-ladder-h_concat-svm"]
    assert list(rows) == names
    assert rows["finetune-in_corpus"]["against_fop"] == {}
    against = rows["finetune-siamese"]["against_fop"]
    ours, theirs = (rows[name]["wa"]["mean"] for name in ("finetune-in_corpus", "finetune-siamese"))
    assert against["difference"] == pytest.approx(ours - theirs)
    assert against["p_sign_flip"] < 0.01
    assert rows["finetune-siamese"]["paper_wa"] == 62.20
    # What pretraining and hypercolumns took is part of the cost.
    assert rows["finetune-siamese"]["hours"] == pytest.approx(1.0)
    assert rows["finetune-ladder"]["hours"] == pytest.approx(1.5)
    assert rows["classify-ladder-h_concat-svm"]["hours"] == pytest.approx(0.1 + 0.25 + 0.5)


def test_where_no_other_system_ran_there_is_no_table(seeds):
    assert systems([]) == []
    for seed in seeds:
        for cell in ("finetune-siamese", "finetune-ladder", "classify-ladder-h_concat-svm"):
            (seed / cell / "COMPLETED").unlink()
    assert systems(seeds) == []


def test_every_system_has_a_line_in_the_tables(seeds):
    tables = empty_tables(systems=systems(seeds))
    (rows,) = (rows for title, _, rows in sections(tables) if "with the systems" in title)
    assert [row[0].split(",")[0] for row in rows] == [
        "FOP + Fine-tuning",
        "Siamese network with contrastive loss",
        "Ladder network",
        "Ladder network",
    ]
    assert rows[0][5] == ""
    assert "***" in rows[1][5] or "**" in rows[1][5]
    assert rows[1][6] == "62.20"
    assert to_csv({**tables, "presets": {}}).count("all systems") == 12
