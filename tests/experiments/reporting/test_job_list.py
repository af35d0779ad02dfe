import dataclasses

from ser_fop.experiments.reporting.job_list import job_list, to_csv
from ser_fop.experiments.reporting.page import _cells
from ser_fop.utils.run_folder import write_json


def write_cell(folder, *, folds=0, **metrics):
    folder.mkdir(parents=True)
    config = {"seed": 3, "versions": {"keras": "3"}, "git_revision": "abc"}
    write_json(folder / "config.json", config)
    write_json(folder / "metrics.json", {} if folds else metrics)
    for number in range(folds):
        (folder / f"fold-{number}").mkdir()
        write_json(folder / f"fold-{number}" / "metrics.json", metrics)


def test_folds_are_added_up_and_repeats_stand_in_order(tmp_path):
    tried = [{"epochs": 4}, {"epochs": 2}]
    write_cell(tmp_path / "runs" / "seed-10" / "finetune-none", folds=3, parameters=7, seconds=1.5, tried=tried)
    write_cell(tmp_path / "runs" / "seed-3" / "pretrain-a", parameters=9, seconds=2.0, epochs=5)
    write_cell(tmp_path / "runs" / "seed-3" / "classify-a", seconds=0.5, chosen={"c": 1.0})
    (tmp_path / "runs" / "seed-3" / "classify-a" / "predictions.csv").touch()
    found = job_list(tmp_path)
    assert [cell.cell for cell in found] == ["seed-3/classify-a", "seed-3/pretrain-a", "seed-10/finetune-none"]
    assert [cell.epochs for cell in found] == ["", "5", "18"]
    assert [cell.parameters for cell in found] == ["", "9", "7"]
    assert [cell.seconds for cell in found] == [0.5, 2.0, 4.5]
    assert found[0].predictions == "../runs/seed-3/classify-a/predictions.csv"
    assert to_csv(found).splitlines()[3] == "seed-10/finetune-none,3,3,7,18,4.5,keras 3,abc,"


def test_versions_stand_by_each_cell_where_they_differ(tmp_path):
    write_cell(tmp_path / "runs" / "seed-0" / "one", seconds=1.0)
    write_cell(tmp_path / "runs" / "seed-0" / "two", seconds=1.0)
    alike = job_list(tmp_path)
    assert _cells(alike).count("keras 3") == 1
    assert _cells([alike[0], dataclasses.replace(alike[1], versions="keras 4")]).count("keras") == 2
