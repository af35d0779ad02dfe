"""Table 3 with all systems that have run: figures, cost, and the comparison with the FOP model."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.schema import DIMENSIONAL_LABELS
from ser_fop.experiments.baseline import Baseline
from ser_fop.experiments.baselines import SYSTEMS
from ser_fop.experiments.jobs import A_LSTM, IN_CORPUS, TABLE3_FEATURE
from ser_fop.experiments.reporting import paper
from ser_fop.experiments.reporting.runs import Run, comparison, figures, figures_without, runs_of
from ser_fop.utils.run_folder import CONFIG, METRICS, read_json
from ser_fop.utils.stored_paths import stored_paths

# The job that every system is compared with, declared before any figure is seen.
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


_TRAINING = {"pretrain": "of pretraining", "finetune": "of fine-tuning"}


def systems(seeds: Sequence[Path], *, dev_speakers: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return a row for each system that has run, those of the FOP model first.

    Args:
        seeds: Folders of the repeats.
        dev_speakers: Speakers on whom settings were developed; each row also has figures without them.

    Returns:
        The rows; empty if no system other than the FOP model has run.
    """
    others = [row for name in SYSTEMS for row in _baseline_rows(seeds, name, dev_speakers)]
    if not others:
        return []
    own = [_row(seeds, job, title, published, dev_speakers=dev_speakers) for job, (title, published) in _OWN.items()]
    return [row for row in own if row] + others


def _baseline_rows(seeds: Sequence[Path], name: str, dev_speakers: Collection[str]) -> list[dict[str, Any]]:
    """Return the row of a system, and the row of its hypercolumns if it has any."""
    baseline = SYSTEMS[name]
    rows = [_row(seeds, baseline.job, baseline.title, baseline.published, baseline, dev_speakers=dev_speakers)]
    if baseline.pretraining is not None:
        job = f"classify-{name}-{TABLE3_FEATURE}-svm"
        title = f"{baseline.title}: hypercolumns ({TABLE3_FEATURE}, SVM)"
        rows.append(_row(seeds, job, title, None, dev_speakers=dev_speakers))
    return [row for row in rows if row]


def _row(
    seeds: Sequence[Path],
    job: str,
    title: str,
    published: float | None,
    baseline: Baseline | None = None,
    *,
    dev_speakers: Collection[str],
) -> dict[str, Any]:
    """Return the figures, the cost and the comparisons of a job over its repeats; empty if it has not run."""
    runs = runs_of(seeds, job)
    if not runs:
        return {}
    ours = runs_of(seeds, OURS)
    return {
        "system": title,
        "cell": job,
        "paper_wa": published,
        "remark": "; ".join(filter(None, [baseline.remark if baseline else "", _missing(runs[0])])),
        **figures(runs),
        "parameters": runs[0].single_fold().metrics.get("parameters"),
        "epochs": _epochs(runs[0]),
        "hours": float(np.mean([_hours(run) for run in runs])),
        "against_fop": {} if job == OURS else comparison(ours, runs),
        "against_control": comparison(runs, runs_of(seeds, baseline.control)) if baseline and baseline.control else {},
        "unexplored": _without(job, runs, ours, dev_speakers),
    }


def _without(job: str, runs: Sequence[Run], ours: Sequence[Run], dev_speakers: Collection[str]) -> dict[str, Any]:
    """Return WA and the comparison of a job without the development speakers.

    The result is empty without development speakers, or if no other speakers are left.
    """
    wa = figures_without(runs, dev_speakers) if dev_speakers else {}
    against = comparison(ours, runs, without=dev_speakers) if wa and job != OURS else {}
    return {"wa": wa, "against_fop": against} if wa else {}


def _missing(run: Run) -> str:
    """Return a remark on dimensional labels that a system needs and the corpus does not have."""
    settings = read_json(run.folder / CONFIG)["config"].get("training", {})
    missing = (
        set(DIMENSIONAL_LABELS) - set(run.single_fold().metrics.get("dimensional_labels", ()))
        if settings.get("dimensional_loss_weight")
        else ()
    )
    return f"here without {' and '.join(sorted(missing))}, which the corpus does not have" if missing else ""


def _hours(run: Run) -> float:
    """Return the duration of all folds of a repeat in hours, including the jobs that it depends on."""
    return float(run.metrics["seconds"]) / 3600 + sum(_hours(source) for source in _sources(run))


def _epochs(run: Run) -> list[tuple[str, int]]:
    """Return kind and maximum number of epochs of each training of a system, in order."""
    resolved = read_json(run.folder / CONFIG)
    config = resolved["config"]
    own = []
    if "training" in config:
        own = [(_TRAINING[resolved["stage"]], config["training"]["epochs"])]
    elif config.get("classifier") == A_LSTM:
        own = [("of A-LSTM", config["settings"]["lstm_epochs"])]
    elif config.get("code", "none") != "none":
        own = [("of its code", config["settings"]["code_epochs"])]
    return [epochs for source in _sources(run) for epochs in _epochs(source)] + own


def _sources(run: Run) -> Iterator[Run]:
    """Yield the jobs that a job depends on, if their folders exist."""
    config = read_json(run.folder / CONFIG)["config"]
    for recorded in [path for key in ("pretrained", "hypercolumns") for path in stored_paths(config.get(key))]:
        # The experiment may have been moved: search the repeat's folder first. All repeats share the functionals.
        sibling = run.folder.parent / recorded.name
        folder = sibling if (sibling / METRICS).exists() else recorded
        if (folder / METRICS).exists():
            yield Run(folder=folder, metrics=read_json(folder / METRICS))
