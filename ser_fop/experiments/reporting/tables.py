"""Tables 1 to 3 from the run folders of `reproduce`, as plain data."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_fop.corpora.schema import UTTERANCES
from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.experiments.claims import claims_of
from ser_fop.experiments.further_corpora import entry_name
from ser_fop.experiments.jobs import TABLE3_FEATURE
from ser_fop.experiments.reporting import paper
from ser_fop.experiments.reporting.cross_corpus import cross_corpus
from ser_fop.experiments.reporting.groups import groups
from ser_fop.experiments.reporting.runs import Run, comparison, ensemble_figures, figures, runs_of, spread
from ser_fop.experiments.reporting.speakers import speaker_rows
from ser_fop.experiments.reporting.systems import systems
from ser_fop.experiments.variants import FOLDER
from ser_fop.utils.run_folder import COMPLETED, CONFIG, METRICS, machine, read_json, require_complete, versions

CLASSIFIERS = ("svm", "rf", "a_lstm")
NETWORKS = ("in_corpus", "unlabelled", "untrained")


def collect_tables(out: Path) -> dict[str, Any]:
    """Return the tables of all finished runs of a `reproduce` folder.

    Args:
        out: The folder.

    Returns:
        The content of `tables.json`. Scores are fractions, with mean, standard deviation and intervals. Jobs that
        have not run are absent.

    Raises:
        InputError: If `out` is not a `reproduce` folder, or the corpus is not prepared.
    """
    if not (out / CONFIG).exists() or read_json(out / CONFIG).get("stage") != "reproduce":
        raise InputError(f"expected a folder written by `ser-fop reproduce`, but {out} is not one.")
    config = read_json(out / CONFIG)["config"]
    records = out / "records" / config["corpus"]
    require_complete(records, "prepare")
    seeds = sorted((out / "runs").glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))
    controls = out / "runs" / "controls.json"
    corpus, further = _corpus(records), _further(out, config)
    titles = {one["name"]: one["title"] for one in (corpus, *further)}
    tables = {
        "corpus": corpus,
        "unlabelled": _second(out, config),
        "further_corpora": further,
        "paper_corpus": paper.CORPUS,
        "repeats": len([seed for seed in seeds if any(seed.glob(f"*/{COMPLETED}"))]),
        "config": config,
        **_made_with(seeds),
        "controls": read_json(controls) if controls.exists() else {},
        "pretraining": _pretraining(seeds),
        "table1": [
            _row("setting", name, runs_of(seeds, f"finetune-{name}"), paper.TABLE1[name]) for name in paper.TABLE1
        ],
        "table2": _table2(seeds),
        "table3": _table3(seeds),
        "systems": systems(seeds, dev_speakers=config.get("dev_speakers", ())),
        "claims": _claims(seeds, config.get("claim_features", [TABLE3_FEATURE])),
        "speakers": speaker_rows(seeds, NETWORKS, tuple(paper.TABLE2)),
        "cross_corpus": cross_corpus(seeds, titles) if further else [],
        "groups": groups(seeds, records / UTTERANCES, corpus["labels"]),
        "cost": _cost(seeds),
        "presets": {folder.name: collect_tables(folder) for folder in _variant_folders(out)},
    }
    return tables if corpus["target"] == EMOTION else _without_paper(tables)


def _without_paper(tables: dict[str, Any]) -> dict[str, Any]:
    """Remove the paper's figures, which are of emotions only."""
    rows = {
        name: [{**row, "paper_wa": _blank(row["paper_wa"])} for row in tables[name]]
        for name in ("table1", "table2", "table3", "systems")
    }
    return {**tables, **rows}


def _blank(published: Any) -> Any:
    return dict.fromkeys(published) if isinstance(published, dict) else None


def _made_with(seeds: Sequence[Path]) -> dict[str, Any]:
    """Return the most frequent library versions and machine of the jobs, with the processors of all machines."""
    jobs = [read_json(mark.parent / CONFIG) for seed in seeds for mark in sorted(seed.glob(f"*/{COMPLETED}"))]
    found = {"versions": versions(), "machine": machine()}
    for key, now in found.items():
        known = [tuple(job[key].items()) for job in jobs if key in job]
        ranked = [dict(one) for one, _ in Counter(known).most_common()] or [now]
        found[key] = ranked[0]
        if key == "machine":
            processors = dict.fromkeys(one["processor"] for one in ranked)
            found[key] = {**ranked[0], "processor": "; ".join(processors)}
    return found


def _variant_folders(out: Path) -> list[Path]:
    """Return the folders of the same experiment with other settings, if their corpora are prepared."""
    folders = sorted((out / FOLDER).glob("*"))
    return [one for one in folders if (one / "runs" / "controls.json").exists()]


def _corpus(records: Path) -> dict[str, Any]:
    manifest, metrics = read_json(records / "manifest.json"), read_json(records / METRICS)
    keys = ("utterances", "labelled", "speakers", "hours", "quarantined")
    return {
        "name": manifest["corpus"],
        "title": manifest["title"],
        "licence": manifest["licence"],
        "labels": manifest["labels"],
        "target": manifest.get("target", EMOTION),
        **{key: metrics[key] for key in keys},
    }


def _second(out: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    labelled = {config["corpus"], *map(entry_name, config.get("cross_corpus", ()))}
    for folder in sorted((out / "records").iterdir()):
        if folder.name not in labelled and (folder / COMPLETED).exists():
            return _corpus(folder)
    return None


def _further(out: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the prepared corpora of the cross-corpus comparison beside the labelled one."""
    folders = [out / "records" / entry_name(entry) for entry in config.get("cross_corpus", ())]
    return [_corpus(folder) for folder in folders if (folder / COMPLETED).exists()]


def _row(key: str, name: str, runs: Sequence[Run], published: float | None) -> dict[str, Any]:
    pooled = [run for run in runs if run.folds > 1]
    return {
        key: name,
        "paper_wa": published,
        **figures([run.single_fold() for run in runs]),
        "cross_validation": figures(pooled),
        "together": ensemble_figures(pooled),
    }


def _table2(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return one row for F, and one row for each feature of each network."""
    rows = []
    for network in NETWORKS:
        for feature, published in paper.TABLE2.items():
            source = "untrained" if feature == "F" else network
            runs = {name: runs_of(seeds, f"classify-{source}-{feature}-{name}") for name in CLASSIFIERS}
            if (feature == "F" and network != "in_corpus") or not any(runs.values()):
                continue
            jobs = {name: figures([run.single_fold() for run in found]) for name, found in runs.items()}
            pooled = {name: figures([run for run in found if run.folds > 1]) for name, found in runs.items()}
            compared = published if network == "in_corpus" else dict.fromkeys(CLASSIFIERS)
            row = {"network": "none" if feature == "F" else network, "feature": feature, "paper_wa": compared}
            rows.append({**row, **jobs, "cross_validation": pooled})
    return rows


def _table3(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the rows of the paper's method; its feature and classifier are declared before any figure is seen."""
    sources = {"hypercolumns": "classify-in_corpus-h_concat-a_lstm", "finetuning": "finetune-in_corpus"}
    rows = []
    for system, name in sources.items():
        runs = runs_of(seeds, name)
        rows.append(
            {
                "system": system,
                "paper_wa": paper.TABLE3[system],
                "single_fold": figures([run.single_fold() for run in runs]),
                "cross_validation": figures([run for run in runs if run.folds > 1]),
            }
        )
    return rows


def _pretraining(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    rows = []
    for network in NETWORKS:
        runs = runs_of(seeds, f"pretrain-{network}")
        if not runs:
            continue
        single = [run.single_fold().metrics for run in runs]
        rows.append(
            {
                "network": network,
                "skill": spread([run["skill"] for run in single]),
                "skill_by_horizon": {
                    horizon: spread([run["skill_by_horizon"][horizon] for run in single])
                    for horizon in single[0].get("skill_by_horizon", {})
                },
                "error": spread([run["error"] for run in single]),
                "baseline_name": single[0].get("baseline_name", "copying the last frame"),
                "copy_error": spread([run["copy_error"] for run in single]),
                "epochs": [run["epochs"] for run in single],
                "parameters": single[0]["parameters"],
                "frames": single[0]["frames"],
                "seconds": [run.metrics["seconds"] for run in runs],
                "validation_speakers": single[0]["validation_speakers"],
            }
        )
    return rows


def _claims(seeds: Sequence[Path], features: Sequence[str]) -> list[dict[str, Any]]:
    """Return the declared comparisons whose jobs have run."""
    rows = []
    for claim in claims_of(features):
        found = comparison(runs_of(seeds, claim.first), runs_of(seeds, claim.second))
        if found:
            rows.append({"claim": claim.text, "first": claim.first, "second": claim.second, **found})
    return rows


def _cost(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the number of jobs of each kind, and their duration in hours over all repeats."""
    hours: dict[str, list[float]] = {}
    for metrics in (path for seed in seeds for path in sorted(seed.glob("*/" + METRICS))):
        stage, _, rest = metrics.parent.name.partition("-")
        kind = metrics.parent.name.replace("-", " ", 1)
        if stage == "classify":
            kind = f"{stage} {rest.rpartition('-')[2]}"
        elif stage == "cross":
            kind = f"cross-corpus {rest.partition('-')[0]}"
        hours.setdefault(kind, []).append(_seconds(metrics) / 3600)
    return [{"kind": kind, "cells": len(durations), "hours": sum(durations)} for kind, durations in hours.items()]


def _seconds(metrics: Path) -> float:
    found = read_json(metrics)
    if "seconds" in found:
        return float(found["seconds"])
    return sum(_seconds(path) for path in metrics.parent.glob("*/" + METRICS))
