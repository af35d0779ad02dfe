import json

import numpy as np
import pytest

from ser_fop.evaluation.predictions import read_predictions
from ser_fop.experiments.reporting.figures_csv import to_csv
from ser_fop.experiments.reporting.notes import notes
from ser_fop.experiments.reporting.sections import sections
from ser_fop.experiments.reporting.systems import systems
from ser_fop.experiments.reporting.systems_sections import UNEXPLORED
from tests.evaluation.made_up import drawn, predictions_of
from tests.experiments.reporting.empty_tables import empty_tables
from tests.experiments.reporting.test_runs import write_run


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
            config = {**needed, "training": {"epochs": 40}}
            (root / name / "config.json").write_text(json.dumps({"stage": "finetune", "config": config}))
        (root / "pretrain-ladder").mkdir()
        (root / "pretrain-ladder" / "metrics.json").write_text(json.dumps({"seconds": 1800.0}))
        config = {"training": {"epochs": 20}}
        (root / "pretrain-ladder" / "config.json").write_text(json.dumps({"stage": "pretrain", "config": config}))
        # Hypercolumns with the path of another machine, where the experiment was run.
        (root / "hypercolumns-ladder").mkdir()
        (root / "hypercolumns-ladder" / "metrics.json").write_text(json.dumps({"networks": 2, "seconds": 900.0}))
        config = {"pretrained": "/elsewhere/pretrain-ladder"}
        (root / "hypercolumns-ladder" / "config.json").write_text(json.dumps({"config": config}))
        folder = root / "classify-ladder-h_concat-svm"
        write_run(folder, predictions_of(drawn(generator, speakers=12), seed=seed), seconds=360.0)
        (folder / "config.json").write_text(json.dumps({"config": {"hypercolumns": "/elsewhere/hypercolumns-ladder"}}))
    return [tmp_path / f"seed-{seed}" for seed in (0, 1)]


def test_systems_have_figures_cost_and_comparison_with_fop(seeds):
    rows = {row["cell"]: row for row in systems(seeds)}
    names = ["finetune-in_corpus", "finetune-siamese", "finetune-ladder", "classify-ladder-h_concat-svm"]
    assert list(rows) == names
    assert rows["finetune-in_corpus"]["against_fop"] == {}
    against = rows["finetune-siamese"]["against_fop"]
    ours, theirs = (rows[name]["wa"]["mean"] for name in ("finetune-in_corpus", "finetune-siamese"))
    assert against["difference"] == pytest.approx(ours - theirs)
    assert against["p_sign_flip"] < 0.01
    assert rows["finetune-siamese"]["paper_wa"] == 62.20
    # The cost includes pretraining and hypercolumns.
    assert rows["finetune-siamese"]["hours"] == pytest.approx(1.0)
    assert rows["finetune-ladder"]["hours"] == pytest.approx(1.5)
    assert rows["classify-ladder-h_concat-svm"]["hours"] == pytest.approx(0.1 + 0.25 + 0.5)


def test_systems_list_epochs_of_each_training(seeds):
    rows = {row["cell"]: row["epochs"] for row in systems(seeds)}
    assert rows["finetune-siamese"] == [("of fine-tuning", 40)]
    assert rows["finetune-ladder"] == [("of pretraining", 20), ("of fine-tuning", 40)]
    assert rows["classify-ladder-h_concat-svm"] == [("of pretraining", 20)]
    for config, epochs in (
        ({"classifier": "a_lstm", "settings": {"lstm_epochs": 12}}, [("of A-LSTM", 12)]),
        ({"classifier": "svm", "code": "ladder", "settings": {"code_epochs": 100}}, [("of its code", 100)]),
        ({"classifier": "svm", "code": "none", "settings": {"code_epochs": 100}}, []),
    ):
        path = seeds[0] / "finetune-siamese" / "config.json"
        path.write_text(json.dumps({"stage": "classify", "config": config}))
        assert {row["cell"]: row["epochs"] for row in systems(seeds)}["finetune-siamese"] == epochs


def test_systems_with_dev_speakers_have_figures_without_them(seeds):
    names = sorted({item.speaker for item in read_predictions(seeds[0] / "finetune-siamese" / "predictions.csv")})
    dev_speakers = names[:5]
    rows = {row["cell"]: row for row in systems(seeds, dev_speakers=dev_speakers)}
    accuracies = {}
    for job in ("finetune-in_corpus", "finetune-siamese"):
        rest = [item for seed in seeds for item in read_predictions(seed / job / "predictions.csv")]
        rest = [item for item in rest if item.speaker in names[5:]]
        accuracies[job] = np.mean([item.predicted == item.label for item in rest])
        assert rows[job]["unexplored"]["wa"]["mean"] == pytest.approx(accuracies[job])
        assert rows[job]["wa"]["mean"] != pytest.approx(accuracies[job])
    against = rows["finetune-siamese"]["unexplored"]["against_fop"]
    assert against["speakers"] == 7
    assert against["difference"] == pytest.approx(accuracies["finetune-in_corpus"] - accuracies["finetune-siamese"])
    assert rows["finetune-in_corpus"]["unexplored"]["against_fop"] == {}
    (header, lines) = next(
        part[1:] for part in sections(empty_tables(systems=list(rows.values()))) if "with the systems" in part[0]
    )
    assert [name for name in header if "without" in name] == list(UNEXPLORED)
    assert {len(line) for line in lines} == {len(header)}
    # Without development speakers, or without other speakers, there are no such figures.
    for some in ((), names):
        assert all(row["unexplored"] == {} for row in systems(seeds, dev_speakers=some))


def test_sections_with_control_show_gain_from_pretraining(seeds):
    generator = np.random.default_rng(1)
    assert not any("gain of other networks" in title for title, *_ in sections(empty_tables(systems=systems(seeds))))
    accuracies = {"finetune-attention_lstm": 0.5, "finetune-fop_attention_lstm": 0.9}
    for seed, root in enumerate(seeds):
        for name, accuracy in accuracies.items():
            write_run(root / name, predictions_of(drawn(generator, speakers=12, accuracy=accuracy), seed=seed))
            (root / name / "config.json").write_text(json.dumps({"config": {}}))
    rows = {row["cell"]: row for row in systems(seeds)}
    gain = rows["finetune-fop_attention_lstm"]["wa"]["mean"] - rows["finetune-attention_lstm"]["wa"]["mean"]
    assert rows["finetune-fop_attention_lstm"]["against_control"]["difference"] == pytest.approx(gain)
    assert gain > 0.2
    found = sections(empty_tables(systems=list(rows.values())))
    (lines,) = (lines for title, _, lines in found if "gain of other networks" in title)
    assert lines == [["FOP + Fine-tuning of the attention LSTM", lines[0][1]]]
    assert lines[0][1].startswith(f"+{100 * gain:.2f} [")
    note_text = "Variants of FOP were also compared with the same network from scratch"
    assert any(note_text in note for note in notes(empty_tables(systems=list(rows.values()))))
    del rows["finetune-fop_attention_lstm"]
    assert not any(note_text in note for note in notes(empty_tables(systems=list(rows.values()))))


def test_sections_show_each_remark_once(seeds):
    rows = systems(seeds)
    rows[2]["remark"] = rows[1]["remark"]
    (lines,) = (lines for title, _, lines in sections(empty_tables(systems=rows)) if "remarks" in title)
    assert lines == [[f"{rows[1]['system']}; {rows[2]['system']}", rows[1]["remark"]]]
    for row in rows:
        row["remark"] = ""
    assert not any("remarks" in title for title, *_ in sections(empty_tables(systems=rows)))


def test_systems_without_baseline_runs_are_empty(seeds):
    assert systems([]) == []
    for seed in seeds:
        for job in ("finetune-siamese", "finetune-ladder", "classify-ladder-h_concat-svm"):
            (seed / job / "COMPLETED").unlink()
    assert systems(seeds) == []


def test_sections_list_every_system(seeds):
    tables = empty_tables(systems=systems(seeds))
    (rows,) = (rows for title, _, rows in sections(tables) if "with the systems" in title)
    assert [row[0].split(",")[0] for row in rows] == [
        "FOP + Fine-tuning",
        "Siamese network with contrastive loss",
        "Ladder network",
        "Ladder network",
    ]
    assert rows[0][2] == ""
    assert "***" in rows[1][2] or "**" in rows[1][2]
    assert rows[1][3] == "62.20"
    assert rows[2][6] == "20 of pretraining + 40 of fine-tuning"
    assert to_csv({**tables, "presets": {}}).count("all systems") == 12
