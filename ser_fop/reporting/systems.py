"""Table 3 with every system that was run: figures, cost, and the test against the FOP model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.artifacts import CONFIG, METRICS, read_json
from ser_fop.experiment.cells import IN_CORPUS, TABLE3_FEATURE
from ser_fop.experiment.rivals import RIVALS
from ser_fop.reporting import paper
from ser_fop.reporting.runs import Run, comparison, figures, runs_of
from ser_fop.schema import VIEWS

# What every system is compared with, declared before any figure is seen.
OURS = f"finetune-{IN_CORPUS}"
_OWN = {
    OURS: ("FOP + Fine-tuning", paper.TABLE3["finetuning"]["cross_validation"]),
    f"classify-{IN_CORPUS}-{TABLE3_FEATURE}-a_lstm": (
        "FOP + Hypercolumns (h_concat, A-LSTM)",
        paper.TABLE3["hypercolumns"]["cross_validation"],
    ),
    f"classify-{IN_CORPUS}-{TABLE3_FEATURE}-svm": ("FOP + Hypercolumns (h_concat, SVM)", None),
    "finetune-none": ("The FOP network without pretraining", None),
}


def systems(seeds: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for each system that has run, the FOP model's first; empty where no other has.

    Args:
        seeds: Folders of the repeats.
    """
    others = [row for name in RIVALS for row in _rival_rows(seeds, name)]
    if not others:
        return []
    own = [_row(seeds, cell, title, published) for cell, (title, published) in _OWN.items()]
    return [row for row in own if row] + others


def _rival_rows(seeds: Sequence[Path], name: str) -> list[dict[str, Any]]:
    """Return the row of one system, and of its hypercolumns where it has them."""
    rival = RIVALS[name]
    rows = [_row(seeds, rival.cell, rival.title, rival.published, rival.remark)]
    if rival.pretraining is not None:
        cell = f"classify-{name}-{TABLE3_FEATURE}-svm"
        rows.append(_row(seeds, cell, f"{rival.title}: hypercolumns ({TABLE3_FEATURE}, SVM)", None))
    return [row for row in rows if row]


def _row(seeds: Sequence[Path], cell: str, title: str, published: float | None, remark: str = "") -> dict[str, Any]:
    """Return what one cell is worth over its repeats; empty where it has not run."""
    runs = runs_of(seeds, cell)
    if not runs:
        return {}
    ours = runs_of(seeds, OURS)
    return {
        "system": title,
        "cell": cell,
        "paper_wa": published,
        "remark": "; ".join(filter(None, [remark, _missing(runs[0])])),
        **figures(runs),
        "parameters": runs[0].single_fold().metrics.get("parameters"),
        "hours": float(np.mean([_hours(run) for run in runs])),
        "against_fop": {} if cell == OURS else comparison(ours, runs),
    }


def _missing(run: Run) -> str:
    """Return what a system would have learned from beside classes, and this corpus has not."""
    settings = read_json(run.folder / CONFIG)["config"].get("training", {})
    missing = set(VIEWS) - set(run.single_fold().metrics.get("views", ())) if settings.get("view_weight") else ()
    return f"here without {' and '.join(sorted(missing))}, which the corpus does not have" if missing else ""


def _hours(run: Run) -> float:
    """Return what all folds of one repeat took, what the cell was made from included."""
    total = float(run.metrics["seconds"]) / 3600
    config = read_json(run.folder / CONFIG)["config"]
    for needed in ("pretrained", "hypercolumns"):
        # Cells of one repeat lie side by side, wherever the experiment was moved to; functionals serve all repeats.
        named = Path(config.get(needed) or "")
        beside = run.folder.parent / named.name
        folder = beside if (beside / METRICS).exists() else named
        if config.get(needed) and (folder / METRICS).exists():
            total += _hours(Run(folder=folder, metrics=read_json(folder / METRICS)))
    return total
