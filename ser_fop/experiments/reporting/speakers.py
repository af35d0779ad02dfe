"""The table of speakers: identification among the known ones, and verification of pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from ser_fop.experiments.reporting.names import SETTINGS, SOURCES, named
from ser_fop.experiments.reporting.runs import Run, runs_of, spread

TITLE = "Speakers"
FINE_TUNED = "fine-tuned network"
_CLASSIFIER = "svm"
_SCORES = ("top_1", "top_5", "eer", "min_dcf")
_INTERVALS = ("top_1_interval", "eer_interval")


def speaker_rows(seeds: Sequence[Path], networks: Sequence[str], features: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row for F, for each feature of each network, and for each fine-tuning; empty for other targets.

    Args:
        seeds: Folders of the repeats.
        networks: Names of the networks.
        features: Names of the features; the first is the input, which needs no network.
    """
    rows = []
    for network in networks:
        for feature in features:
            is_input = feature == features[0]
            if is_input and network != networks[0]:
                continue
            source = "untrained" if is_input else network
            runs = runs_of(seeds, f"classify-{source}-{feature}-{_CLASSIFIER}")
            scores = [found for run in runs if (found := _scores(run))]
            if scores:
                row = {"network": "none" if is_input else network, "feature": feature, "repeats": len(scores)}
                row |= {name: spread([one[name] for one in scores]) for name in _SCORES}
                rows.append(row | {name: scores[0][name] for name in _INTERVALS})
    tuned = {network: runs_of(seeds, f"finetune-{network}") for network in ("none", *networks)} if rows else {}
    for network, runs in tuned.items():
        scores = [_identification(run) for run in runs]
        if scores:
            row = {"network": network, "feature": FINE_TUNED, "repeats": len(scores), "eer": None, "min_dcf": None}
            row |= {name: spread([one[name] for one in scores]) for name in ("top_1", "top_5")}
            rows.append(row | {"top_1_interval": scores[0]["top_1_interval"], "eer_interval": None})
    return rows


def speaker_sections(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table as text, if the target is the speaker.

    Args:
        tables: Result of `collect_tables`.
    """
    rows = [
        [
            row["feature"],
            named((SETTINGS if row["feature"] == FINE_TUNED else SOURCES)[row["network"]], tables),
            _percent(row["top_1"], row["top_1_interval"]),
            _percent(row["top_5"]),
            _percent(row["eer"], row["eer_interval"]),
            _cost(row["min_dcf"]),
            str(row["repeats"]),
        ]
        for row in tables.get("speakers", ())
    ]
    title = (
        f"{TITLE} of {tables['corpus']['title']}: identification, on features by an SVM; and verification of pairs of test recordings by"
        " the cosine of pooled features, over all folds. The 95 % intervals are over speakers, in the first repeat"
    )
    header = ["Feature", "Network", "top-1 %", "top-5 %", "EER %", "minDCF (prior .01)", "repeats"]
    return [(title, header, rows)] if rows else []


def speaker_finding(tables: Mapping[str, Any]) -> str:
    """Return the sentence of the table."""
    best = max(tables["speakers"], key=lambda row: row["top_1"]["mean"])
    closest = min((row for row in tables["speakers"] if row["eer"]), key=lambda row: row["eer"]["mean"])
    return (
        f"{_of(best, tables)} names the speaker most often, in {100 * best['top_1']['mean']:.1f} % of recordings."
        f" {_of(closest, tables)} has the lowest equal error rate, {100 * closest['eer']['mean']:.1f} %."
    )


def _of(row: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    if row["feature"] == FINE_TUNED:
        return f"Fine-tuning ({named(SETTINGS[row['network']], tables)})"
    network = named(SOURCES[row["network"]], tables)
    return row["feature"] if row["network"] == "none" else f"{row['feature']} ({network})"


def _scores(run: Run) -> dict[str, Any]:
    """Return the scores of a run: those of pairs as means over folds; empty without pairs."""
    folds = run.metrics.get("folds", [run.metrics])
    verified = [fold["verification"] for fold in folds if fold.get("verification")]
    if not verified:
        return {}
    pairs = {name: fmean(one[name] for one in verified) for name in ("eer", "min_dcf")}
    ends = [fmean(one["eer_interval"][end] for one in verified) for end in (0, 1)]
    return {**_identification(run), **pairs, "eer_interval": {"low": ends[0], "high": ends[1]}}


def _identification(run: Run) -> dict[str, Any]:
    found = run.metrics
    return {
        "top_1": found["wa"],
        "top_1_interval": found["intervals"]["wa"]["speakers"],
        "top_5": found.get("top_5", 1.0),
    }


def _percent(found: Mapping[str, Any] | None, interval: Mapping[str, float] | None = None) -> str:
    if not found:
        return ""
    deviation = found["deviation"]
    text = f"{100 * found['mean']:.2f}" + (f" ± {100 * deviation:.2f}" if deviation is not None else "")
    return text + (f" [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]" if interval else "")


def _cost(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    return f"{found['mean']:.3f}" + (f" ± {found['deviation']:.3f}" if found["deviation"] is not None else "")
