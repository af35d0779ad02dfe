"""Tables 1 to 3 out of the run folders of `reproduce`, as plain data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.artifacts import COMPLETED, CONFIG, METRICS, machine, read_json, require_complete, versions
from ser_fop.errors import InputError
from ser_fop.reporting import paper

CLASSIFIERS = ("svm", "rf", "a_lstm")
NETWORKS = ("in_corpus", "unlabelled", "untrained")


def collect_tables(out: Path) -> dict[str, Any]:
    """Read every finished run of a `reproduce` folder.

    Args:
        out: The folder.

    Returns:
        What `tables.json` holds: accuracies as fractions, with mean and standard
        deviation over repeats; cells that have not run are absent.

    Raises:
        InputError: If it is no `reproduce` folder, or the corpus is not prepared.
    """
    if not (out / CONFIG).exists() or read_json(out / CONFIG).get("stage") != "reproduce":
        raise InputError(f"{out} is not a folder of `ser-fop reproduce`.")
    config = read_json(out / CONFIG)["config"]
    records = out / "records" / config["corpus"]
    require_complete(records, "prepare")
    seeds = sorted((out / "runs").glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))
    controls = out / "runs" / "controls.json"
    return {
        "corpus": _corpus(records),
        "unlabelled": _second(out, config),
        "paper_corpus": paper.CORPUS,
        "preset": "paper",
        "repeats": len(seeds),
        "config": config,
        "versions": versions(),
        "machine": machine(),
        "controls": read_json(controls) if controls.exists() else {},
        "pretraining": _pretraining(seeds),
        "table1": [
            _row("setting", name, _runs(seeds, f"finetune-{name}"), paper.TABLE1[name]) for name in paper.TABLE1
        ],
        "table2": _table2(seeds),
        "table3": _table3(seeds),
    }


def _corpus(records: Path) -> dict[str, Any]:
    manifest, metrics = read_json(records / "manifest.json"), read_json(records / METRICS)
    keys = ("utterances", "labelled", "speakers", "hours", "quarantined")
    return {
        "name": manifest["corpus"],
        "title": manifest["title"],
        "licence": manifest["licence"],
        "labels": manifest["labels"],
        **{key: metrics[key] for key in keys},
    }


def _second(out: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    for folder in sorted((out / "records").iterdir()):
        if folder.name != config["corpus"] and (folder / COMPLETED).exists():
            return _corpus(folder)
    return None


def _runs(seeds: Sequence[Path], name: str) -> list[dict[str, Any]]:
    """Return the metrics of one cell in each repeat that finished it."""
    return [read_json(seed / name / METRICS) for seed in seeds if (seed / name / COMPLETED).exists()]


def _single_fold(run: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of fold 0 of a run of one fold or of all."""
    return run["folds"][0] if "folds" in run else run


def _spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean and standard deviation over repeats (none for a single one)."""
    return {
        "mean": float(np.mean(values)),
        "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "values": list(values),
    }


def _figures(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return WA, UA and macro-F1 over repeats, and what they rest on."""
    if not runs:
        return {}
    return {
        **{key: _spread([run[key] for run in runs]) for key in ("wa", "ua", "macro_f1")},
        "repeats": len(runs),
        "n": runs[0]["n"],
        "transductive": any(run["transductive"] for run in runs),
    }


def _row(key: str, name: str, runs: Sequence[dict[str, Any]], published: float | None) -> dict[str, Any]:
    return {key: name, "paper_wa": published, **_figures([_single_fold(run) for run in runs])}


def _table2(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for F, and one for each feature of each network."""
    rows = []
    for network in NETWORKS:
        for feature, published in paper.TABLE2.items():
            source = "untrained" if feature == "F" else network
            cells = {
                name: _figures([_single_fold(run) for run in _runs(seeds, f"classify-{source}-{feature}-{name}")])
                for name in CLASSIFIERS
            }
            if (feature == "F" and network != "in_corpus") or not any(cells.values()):
                continue
            compared = published if network == "in_corpus" else dict.fromkeys(CLASSIFIERS)
            row = {"network": "none" if feature == "F" else network, "feature": feature, "paper_wa": compared}
            rows.append({**row, **cells})
    return rows


def _table3(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the rows of the paper's own method; feature and classifier are the paper's, declared beforehand."""
    sources = {"hypercolumns": "classify-in_corpus-h_concat-a_lstm", "finetuning": "finetune-in_corpus"}
    rows = []
    for system, name in sources.items():
        runs = _runs(seeds, name)
        rows.append(
            {
                "system": system,
                "paper_wa": paper.TABLE3[system],
                "single_fold": _figures([_single_fold(run) for run in runs]),
                "cross_validation": _figures([run for run in runs if "folds" in run]),
            }
        )
    return rows


def _pretraining(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    rows = []
    for network in NETWORKS:
        runs = _runs(seeds, f"pretrain-{network}")
        if not runs:
            continue
        single = [_single_fold(run) for run in runs]
        rows.append(
            {
                "network": network,
                "skill": _spread([run["skill"] for run in single]),
                "error": _spread([run["error"] for run in single]),
                "copy_error": _spread([run["copy_error"] for run in single]),
                "epochs": [run["epochs"] for run in single],
                "parameters": single[0]["parameters"],
                "frames": single[0]["frames"],
                "seconds": [run["seconds"] for run in runs],
                "validation_speakers": single[0]["validation_speakers"],
            }
        )
    return rows
