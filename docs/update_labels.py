"""Measure and draw how a linear probe gains from labelled speakers: `python docs/update_labels.py [PROBE]`.

PROBE is a folder of `ser-fop probe` on RAVDESS with the fold file of the development speakers. Logistic regression on
its pooled features is trained with 1, 2, 4, 8 and all speakers who are not tested. C is fixed, so that nothing is
selected. The figures are stored in `docs/probes/labels_development.json`; the curve is `docs/pictures/labels.svg`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from svg_parts import PICTURES

from ser_fop.corpora.folds import read_folds
from ser_fop.evaluation.intervals import bootstrap_speakers
from ser_fop.experiments.reporting.plots import STYLE, as_svg
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, read_pooled

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "probes" / "labels_development.json"
COMMAND = (
    "ser-fop probe --preset recommended --pretrained fop-librispeech --records records/ravdess --folds"
    " pipelines/folds/ravdess_development.json --labelled-speakers --seeds 1 --out runs/labels"
)
_FOLDS = ROOT / "pipelines" / "folds" / "ravdess_development.json"
_FEATURES = {
    "F, the input": ("pretrained", "F"),
    "h1, untrained": ("untrained", "h1"),
    "h1, pretrained": ("pretrained", "h1"),
}
_COLOURS = {"F, the input": "#b85c00", "h1, untrained": "#777777", "h1, pretrained": "#1f77b4"}
_COUNTS, _DRAWS, _C = (1, 2, 4, 8, 10), 5, 0.01


def measure(probe: Path) -> dict[str, Any]:
    """Return the figures of all features and numbers of speakers.

    Args:
        probe: Folder of `ser-fop probe`.
    """
    folds = [(fold.test, (*fold.train, *fold.validation)) for fold in read_folds(_FOLDS).folds]
    rows = []
    for name, (start, layer) in _FEATURES.items():
        pooled = read_pooled(probe / "features" / "fop-librispeech" / "ravdess" / f"{start}-0" / ARRAYS)
        rows += [{"feature": name, **curve_point(pooled, layer, folds, count)} for count in _COUNTS]
    return {"command": COMMAND, "chance": 1 / len(set(pooled.labels) - {""}), "draws": _DRAWS, "c": _C, "rows": rows}


def curve_point(
    pooled: PooledFeatures, layer: str, folds: list[tuple[tuple[str, ...], tuple[str, ...]]], count: int
) -> dict[str, Any]:
    """Return the UA of one feature with a number of labelled speakers, and its interval over test speakers.

    Args:
        pooled: The features.
        layer: Name of the feature.
        folds: Test speakers and other speakers of each fold.
        count: Number of labelled speakers, drawn from the others.
    """
    generator, recalls = np.random.default_rng(0), {}
    for test, others in folds:
        answers = []
        for _ in range(_DRAWS if count < len(others) else 1):
            drawn = generator.permutation(sorted(others))[:count]
            chosen = np.isin(pooled.speakers, drawn) & (pooled.labels != "")
            classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=2000))
            answers.append(classifier.fit(pooled.feature(layer)[chosen], pooled.labels[chosen]))
        for speaker in test:
            own = (pooled.speakers == speaker) & (pooled.labels != "")
            x, y = pooled.feature(layer)[own], pooled.labels[own]
            recalls[speaker] = np.mean([balanced_accuracy_score(y, fitted.predict(x)) for fitted in answers])
    values = np.array(list(recalls.values()))
    interval = bootstrap_speakers(lambda times: times @ values / times.sum(axis=1), len(values))
    return {"speakers": count, "ua": float(values.mean()), "low": interval.low, "high": interval.high}


def plot(found: Mapping[str, Any]) -> str:
    """Return the curves as SVG.

    Args:
        found: The stored figures.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.axhline(100 * found["chance"], color="grey", linestyle=":", linewidth=1)
        for number, (name, colour) in enumerate(_COLOURS.items()):
            rows = [row for row in found["rows"] if row["feature"] == name]
            ua, low, high = (100 * np.array([row[key] for row in rows]) for key in ("ua", "low", "high"))
            places = np.arange(len(rows)) + 0.08 * (number - 1)
            axes.errorbar(
                places, ua, yerr=[ua - low, high - ua], color=colour, label=name, marker="o", markersize=3.5, capsize=2
            )
        axes.set_xticks(range(len(_COUNTS)), [str(count) for count in _COUNTS])
        axes.set(xlabel="labelled speakers", ylabel="UA, %", ylim=(0, 60))
        axes.legend(fontsize=8, frameon=False, loc="upper left")
        return as_svg(figure)


def main() -> None:
    """Store the figures of a probe if one is given, and draw the curve."""
    if len(sys.argv) > 1:
        RESULT.write_text(json.dumps(measure(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
    found = json.loads(RESULT.read_text(encoding="utf-8"))
    (PICTURES / "labels.svg").write_text(plot(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
