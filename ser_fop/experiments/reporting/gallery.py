"""The plots below the tables of a report."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.experiments.reporting import plots
from ser_fop.experiments.reporting.examples import spectrograms
from ser_fop.experiments.reporting.groups import SHOWN
from ser_fop.experiments.reporting.plot import Plot
from ser_fop.experiments.reporting.runs import Run, runs_of
from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled
from ser_fop.utils.run_folder import METRICS, read_json

_MAP_FEATURE = "h_concat"
_MAX_MAPPED = 2000
# Plots with a row for each class are drawn for so many classes at most.
_MOST_CLASSES = 40
# More steps take longer and barely move the points of a start from the principal components.
_TSNE_STEPS = 400


def gallery(seeds: Sequence[Path], tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Yield the plots below the tables.

    Args:
        seeds: Folders of the repeats.
        tables: Result of `collect_tables`.
    """
    second = tables["unlabelled"]
    titles = {"corpus": tables["corpus"]["title"], "unlabelled": second["title"] if second else ""}
    systems = {text.format(**titles): runs for name, text in SHOWN.items() if (runs := runs_of(seeds, name))}
    yield from _predictions(systems, tables["corpus"]["labels"])
    yield from _curves(systems, {name: runs_of(seeds, f"pretrain-{name}") for name in ("unlabelled", "in_corpus")})
    yield from _horizons(tables)
    yield from list(spectrograms(seeds, tables))[1:]  # the first one is in the headline
    for network in ("unlabelled", "in_corpus", "untrained"):
        yield from _maps(seeds, network, tables["corpus"]["target"])


def _predictions(systems: Mapping[str, Sequence[Run]], labels: Sequence[str]) -> Iterator[Plot]:
    """Draw confusion matrices, recalls and calibration of each system, over all its folds and repeats."""
    counts = {
        name: np.sum([run.metrics["confusion"] for run in runs], axis=0).tolist() for name, runs in systems.items()
    }
    for name, matrix in counts.items() if len(labels) <= _MOST_CLASSES else ():
        caption = f"{name}: predicted classes in percent of each true class, over all folds and repeats."
        yield Plot(title="Confusion matrices", caption=caption, svg=plots.confusion_plot(matrix, labels))
    if counts:
        if len(labels) <= _MOST_CLASSES:
            caption = "Recall of each class. Dotted line: chance."
            yield Plot(title="Recall by class", caption=caption, svg=plots.recall_plot(counts, labels), wide=True)
        bins = {name: runs[0].metrics["calibration"]["bins"] for name, runs in systems.items()}
        caption = "Accuracy by predicted probability, first repeat. Dotted line: perfect calibration."
        yield Plot(title="Calibration", caption=caption, svg=plots.reliability_plot(bins))


def _curves(systems: Mapping[str, Sequence[Run]], networks: Mapping[str, Sequence[Run]]) -> Iterator[Plot]:
    """Draw the training curves of the first repeat, fold 0."""
    # A run over all folds has its curves in the folders of the folds.
    folders = {name: runs[0].single_fold().folder for name, runs in networks.items() if runs}
    histories = {name: read_json(folder / METRICS)["history"] for name, folder in folders.items()}
    if any(histories.values()):
        caption = "Error on training and on held-out speakers, by network, first repeat."
        svg = plots.curve_plot(histories, keys=("val_error", "error"), label="error, in standard deviations")
        yield Plot(title="Training curves", caption=f"Pretraining. {caption}", svg=svg)
    tuned = {}
    for name, runs in systems.items():
        tried = runs[0].single_fold().metrics.get("tried")
        if tried:
            tuned[name] = max(tried, key=lambda one: one["val_accuracy"] or 0.0)["history"]
    if tuned:  # without a validation curve if the validation speakers were used for training
        svg = plots.curve_plot(tuned, keys=("val_accuracy", "accuracy"), label="accuracy")
        caption = "Accuracy on training and on validation speakers, fold 0, first repeat."
        yield Plot(title="Training curves", caption=f"Fine-tuning. {caption}", svg=svg)


def _horizons(tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw skill by horizon, if the networks predict several horizons."""
    hop_ms = 1000 * tables["config"]["features"]["hop_s"]
    skills = {
        row["network"]: {int(horizon) * hop_ms: skill["mean"] for horizon, skill in row["skill_by_horizon"].items()}
        for row in tables["pretraining"]
        if row["skill_by_horizon"]
    }
    if skills:
        caption = (
            "Skill on held-out speakers by prediction horizon, mean over repeats. Dotted line: copying the last frame."
        )
        yield Plot(title="Skill by horizon", caption=caption, svg=plots.horizon_plot(skills))


def _maps(seeds: Sequence[Path], network: str, target: str) -> Iterator[Plot]:
    """Draw the hypercolumns of the first repeat and of fold 0's network, by class and by speaker."""
    found = [seed / f"hypercolumns-{network}" for seed in seeds[:1]]
    found = [folder / "fold-0" if (folder / "fold-0").is_dir() else folder for folder in found]
    for folder in (folder for folder in found if (folder / ARRAYS).exists()):
        pooled = read_pooled(folder / ARRAYS)
        labelled = np.flatnonzero(pooled.labels != "")
        chosen = np.random.default_rng(0).permutation(labelled)[:_MAX_MAPPED]
        by = {target: pooled.labels[chosen], "speaker": pooled.speakers[chosen]}
        points = _project(pooled.feature(_MAP_FEATURE)[chosen])
        for criterion, groups in by.items():
            svg = plots.map_plot(points, groups.tolist(), title=f"by {criterion}")
            caption = f"Network {network}: t-SNE of {_MAP_FEATURE} pooled over time, coloured by {criterion}."
            yield Plot(title="Map of the hypercolumns", caption=caption, svg=svg)


def _project(features: np.ndarray) -> np.ndarray:
    """Return t-SNE coordinates of shape (utterances, 2): similar features are near each other."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    scaled = StandardScaler().fit_transform(features)
    reduced = PCA(min(30, *scaled.shape), random_state=0).fit_transform(scaled)
    perplexity = min(30.0, (len(reduced) - 1) / 3)
    # The threads of OpenMP wait for each other: beside another program, t-SNE on all cores is several times slower.
    with threadpool_limits(1):
        return TSNE(perplexity=perplexity, init="pca", max_iter=_TSNE_STEPS, random_state=0).fit_transform(reduced)
