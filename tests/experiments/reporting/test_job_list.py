import dataclasses

from ser_fop.experiments.reporting.html_parts import TEMPLATE
from ser_fop.experiments.reporting.job_list import job_list, to_csv
from ser_fop.utils.run_folder import write_json


def write_job(folder, *, folds=0, **metrics):
    folder.mkdir(parents=True)
    config = {"seed": 3, "versions": {"keras": "3"}, "git_revision": "abc"}
    write_json(folder / "config.json", config)
    write_json(folder / "metrics.json", {} if folds else metrics)
    for number in range(folds):
        (folder / f"fold-{number}").mkdir()
        write_json(folder / f"fold-{number}" / "metrics.json", metrics)


def test_job_list_sums_folds_and_orders_repeats(tmp_path):
    tried = [{"epochs": 4}, {"epochs": 2}]
    write_job(tmp_path / "runs" / "seed-10" / "finetune-none", folds=3, parameters=7, seconds=1.5, tried=tried)
    write_job(tmp_path / "runs" / "seed-3" / "pretrain-a", parameters=9, seconds=2.0, epochs=5)
    write_job(tmp_path / "runs" / "seed-3" / "classify-a", seconds=0.5, chosen={"c": 1.0})
    (tmp_path / "runs" / "seed-3" / "classify-a" / "predictions.csv").touch()
    found = job_list(tmp_path)
    assert [job.job for job in found] == ["seed-3/classify-a", "seed-3/pretrain-a", "seed-10/finetune-none"]
    assert [job.epochs for job in found] == ["", "5", "18"]
    assert [job.parameters for job in found] == ["", "9", "7"]
    assert [job.seconds for job in found] == [0.5, 2.0, 4.5]
    assert found[0].predictions == "../runs/seed-3/classify-a/predictions.csv"
    assert to_csv(found).splitlines()[3] == "seed-10/finetune-none,3,3,7,18,4.5,keras 3,abc,"


def test_jobs_table_with_different_versions_shows_them(tmp_path):
    write_job(tmp_path / "runs" / "seed-0" / "one", seconds=1.0)
    write_job(tmp_path / "runs" / "seed-0" / "two", seconds=1.0)
    alike = job_list(tmp_path)
    assert TEMPLATE.module.job_table(alike).count("keras 3") == 1
    assert TEMPLATE.module.job_table([alike[0], dataclasses.replace(alike[1], versions="keras 4")]).count("keras") == 2
