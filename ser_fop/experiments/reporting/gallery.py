"""Which plots a report shows, out of the run folders."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.experiments.reporting import plots
from ser_fop.experiments.reporting.groups import SHOWN
from ser_fop.experiments.reporting.runs import Run, runs_of
from ser_fop.utils.run_folder import METRICS, read_json

EXAMPLES = "examples.npz"
HYPERCOLUMNS = "hypercolumns.npz"
_MAP_FEATURE = "h_concat"
_MAPPED = 2000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plot:
    """One plot.

    Attributes:
        title: Heading; plots of one heading follow one another.
        caption: What it shows, in words that stand for it where it cannot be seen.
        svg: The plot.
        wide: Whether it takes the page's width.
    """

    title: str
    caption: str
    svg: str
    wide: bool = False


def gallery(out: Path, tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw what a `reproduce` folder holds.

    Args:
        out: The folder.
        tables: What `collect_tables` returns.
    """
    seeds = sorted((out / "runs").glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))
    second = tables["unlabelled"]
    titles = {"corpus": tables["corpus"]["title"], "unlabelled": second["title"] if second else ""}
    systems = {text.format(**titles): runs for name, text in SHOWN.items() if (runs := runs_of(seeds, name))}
    yield from _predictions(systems, tables["corpus"]["labels"])
    yield from _curves(systems, {name: runs_of(seeds, f"pretrain-{name}") for name in ("unlabelled", "in_corpus")})
    yield from _horizons(tables)
    for network in ("unlabelled", "in_corpus"):
        runs = [run.single_fold() for run in runs_of(seeds, f"pretrain-{network}")]
        if runs and (runs[0].folder / EXAMPLES).exists():
            yield _spectrogram(runs[0], network, tables["config"]["features"]["hop_s"])
    for network in ("unlabelled", "in_corpus", "untrained"):
        yield from _maps(seeds, network)


def _predictions(systems: Mapping[str, Sequence[Run]], labels: Sequence[str]) -> Iterator[Plot]:
    """Draw confusions, recalls and reliability of each system, all its folds and repeats together."""
    counts = {
        name: np.sum([run.metrics["confusion"] for run in runs], axis=0).tolist() for name, runs in systems.items()
    }
    for name, matrix in counts.items():
        caption = f"{name}: predictions in percent of the utterances of each true class, all folds and repeats."
        yield Plot(title="Confusion matrices", caption=caption, svg=plots.confusion_plot(matrix, labels))
    if counts:
        caption = "Recall of each class; dotted: chance."
        yield Plot(title="Recall by class", caption=caption, svg=plots.recall_plot(counts, labels), wide=True)
        bins = {name: runs[0].metrics["calibration"]["bins"] for name, runs in systems.items()}
        caption = "Accuracy by predicted probability; dotted: perfect calibration. First repeat."
        yield Plot(title="Calibration", caption=caption, svg=plots.reliability_plot(bins))


def _curves(systems: Mapping[str, Sequence[Run]], networks: Mapping[str, Sequence[Run]]) -> Iterator[Plot]:
    """Draw how the first repeat learned, fold 0."""
    # A run of all folds leaves the curves to the folders of its folds.
    folders = {name: runs[0].single_fold().folder for name, runs in networks.items() if runs}
    learned = {name: read_json(folder / METRICS)["history"] for name, folder in folders.items()}
    if any(learned.values()):
        caption = "Error on training and on held-out speakers, by network; first repeat."
        svg = plots.curve_plot(learned, keys=("val_error", "error"), label="error, in deviations")
        yield Plot(title="Training curves", caption=f"Pretraining. {caption}", svg=svg)
    tuned = {}
    for name, runs in systems.items():
        tried = runs[0].single_fold().metrics.get("tried")
        if tried:
            tuned[name] = max(tried, key=lambda one: one["val_accuracy"] or 0.0)["history"]
    if tuned:  # where the validation speakers were trained on, only the one curve
        svg = plots.curve_plot(tuned, keys=("val_accuracy", "accuracy"), label="accuracy")
        caption = "Accuracy on training and validation speakers, fold 0; first repeat."
        yield Plot(title="Training curves", caption=f"Fine-tuning. {caption}", svg=svg)


def _horizons(tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw skill by horizon, where networks predict several."""
    hop_ms = 1000 * tables["config"]["features"]["hop_s"]
    skills = {
        row["network"]: {int(horizons) * hop_ms: skill["mean"] for horizons, skill in row["skill_by_horizon"].items()}
        for row in tables["pretraining"]
        if row["skill_by_horizon"]
    }
    if skills:
        caption = (
            "Skill on held-out speakers, by how far ahead a frame is predicted; mean over repeats; dotted: copying."
        )
        yield Plot(title="Skill by horizon", caption=caption, svg=plots.horizon_plot(skills))


def _spectrogram(run: Run, network: str, hop_s: float) -> Plot:
    with np.load(run.folder / EXAMPLES, allow_pickle=False) as arrays:
        svg = plots.spectrogram_plot(arrays["true"], arrays["predicted"], hop_s=hop_s)
        ahead, key = int(arrays["ahead"]), str(arrays["id"])
    caption = f"Network {network}: utterance {key} of a held-out speaker, each frame predicted {ahead} ahead."
    return Plot(title="Predicted and true spectrograms", caption=caption, svg=svg, wide=True)


def _maps(seeds: Sequence[Path], network: str) -> Iterator[Plot]:
    """Draw the first repeat's hypercolumns, fold 0's network, by emotion and by speaker."""
    found = [seed / f"hypercolumns-{network}" for seed in seeds[:1]]
    found = [folder / "fold-0" if (folder / "fold-0").is_dir() else folder for folder in found]
    for folder in (folder for folder in found if (folder / HYPERCOLUMNS).exists()):
        with np.load(folder / HYPERCOLUMNS, allow_pickle=False) as arrays:
            labelled = np.flatnonzero(arrays["emotions"] != "")
            chosen = np.random.default_rng(0).permutation(labelled)[:_MAPPED]
            features = arrays[_MAP_FEATURE][chosen]
            by = {"emotion": arrays["emotions"][chosen], "speaker": arrays["speakers"][chosen]}
        places = _plane(features)
        for what, groups in by.items():
            svg = plots.map_plot(places, groups.tolist(), title=f"by {what}")
            caption = f"Network {network}: {_MAP_FEATURE} pooled over time, t-SNE to a plane, coloured by {what}."
            yield Plot(title="Map of the hypercolumns", caption=caption, svg=svg)


def _plane(features: np.ndarray) -> np.ndarray:
    """Return places on a plane, (utterances, 2): near ones have like features."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(features)
    reduced = PCA(min(30, *scaled.shape), random_state=0).fit_transform(scaled)
    perplexity = min(30.0, (len(reduced) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(reduced)
