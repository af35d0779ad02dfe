"""Draw the pictures of the gallery: `python docs/draw_gallery.py [NAME ..]`.

They come from stored results and published models. The map of hidden states needs the extra `demo`: it synthesises the
labelled synthetic corpus in a temporary folder.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import draw_overview
import matplotlib as mpl
import numpy as np
from figures import result
from matplotlib.figure import Figure
from svg_parts import PICTURES

from ser_fop.experiments.reporting import plots
from ser_fop.stress.perturbations import PERTURBATIONS

ROOT = Path(__file__).resolve().parent.parent
_NETWORK = "fop-librispeech"
_LAYERS = ("F", "h1", "h2")
_MODEL, _STRESSED = "emotion-common", "emotion-stream"
# Narrow, so that the text is legible on a telephone.
_WIDTH_IN = 4.8
_EMOTIONS = {"ang": "angry", "hap": "happy", "neu": "neutral", "sad": "sad"}
_CHANGES = ("gain", "white_noise", "low_pass", "reverberation", "leading_silence", "heard")


def spectrograms() -> str:
    """Draw a true and a predicted spectrogram."""
    found = draw_overview.example()
    return plots.spectrogram_plot(found.true, found.predicted, hop_s=0.01)


def hidden_states() -> str:
    """Draw the pooled hidden states of each layer, coloured by emotion and by speaker."""
    from ser_fop.experiments.reporting.gallery import _project

    pooled = _synthetic_hypercolumns()
    labelled = np.flatnonzero(pooled.labels != "")
    groups = {"emotion": pooled.labels[labelled], "speaker": pooled.speakers[labelled]}
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 7.2), layout="constrained")
        axes = figure.subplots(len(_LAYERS), 2)
        for row, layer in enumerate(_LAYERS):
            points = _project(pooled.feature(layer)[labelled])
            for column, (name, values) in enumerate(groups.items()):
                _scatter(axes[row, column], points, values, legend=row == len(_LAYERS) - 1)
                axes[row, column].set_title(f"{layer}, by {name}", fontsize=9)
        return plots.as_svg(figure)


def _scatter(axes: Any, points: np.ndarray, groups: Sequence[str], *, legend: bool) -> None:
    names = sorted(set(groups), key=list(_EMOTIONS).index) if set(groups) == set(_EMOTIONS) else sorted(set(groups))
    for number, name in enumerate(names):
        chosen = np.array([group == name for group in groups])
        colour = mpl.colormaps["tab10"](number % 10)
        axes.scatter(
            *points[chosen].T, s=4, color=colour, label=_EMOTIONS.get(name, name), linewidths=0, rasterized=True
        )
    axes.set(xticks=[], yticks=[])
    if legend:
        place = {
            "loc": "upper center",
            "bbox_to_anchor": (0.5, 0),
            "ncols": 3,
            "columnspacing": 0.6,
            "handletextpad": 0,
        }
        axes.legend(fontsize=7, frameon=False, markerscale=2.5, **place)


def _synthetic_hypercolumns() -> Any:
    import ser_fop
    from ser_fop.corpora.synthetic.corpus import write_labelled
    from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_labelled(folder / "audio")
        records = ser_fop.prepare(
            ser_fop.PrepareConfig(
                corpus="synthetic", audio_dir=folder / "audio", out=folder / "records", features_of=Path(_NETWORK)
            )
        )
        config = ser_fop.ExtractConfig(
            records=records, pretrained=Path(_NETWORK), out=folder / "hyper", pooling="mean_std"
        )
        return read_pooled(ser_fop.extract(config) / ARRAYS)


def confusions_ravdess() -> str:
    """Draw the confusions of fine-tuning from LibriSpeech on RAVDESS, over all folds."""
    found = result("ravdess_repeats")
    row = next(row for row in found["table1"] if row["setting"] == "unlabelled")
    return plots.confusion_plot(row["cross_validation"]["confusion"], found["corpus"]["labels"])


def confusions_common() -> str:
    """Draw the confusions of the recipe of the default model, over two folds of three corpora."""
    found = _card(_MODEL)["figures"]
    spec = json.loads((ROOT / "saved_models" / _MODEL / "1" / "assets" / "network.json").read_text(encoding="utf-8"))
    return plots.confusion_plot(found["confusion"], spec["labels"])


def stress() -> str:
    """Draw the UA of the model for streams under changes of the recording."""
    rows = _card(_STRESSED)["stress"][0]["outcomes"]
    clean = next(row for row in rows if row["change"] not in PERTURBATIONS)
    changes = [name for name in _CHANGES if any(row["change"] == name for row in rows)]
    with mpl.rc_context(plots.STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 6.2), layout="constrained")
        for axes, name in zip(figure.subplots(3, 2, sharey=True).flat, changes, strict=False):
            _stress_curve(axes, [row for row in rows if row["change"] == name], clean, PERTURBATIONS[name])
        return plots.as_svg(figure)


def _stress_curve(axes: Any, rows: Sequence[Mapping[str, Any]], clean: Mapping[str, Any], change: Any) -> None:
    rows = sorted(rows, key=lambda row: row["level"])
    values, low, high = (100 * np.array([row[key] for row in rows]) for key in ("ua", "ua_low", "ua_high"))
    axes.axhline(100 * clean["ua"], color="grey", linestyle=":", linewidth=1)
    axes.errorbar(
        range(len(rows)), values, yerr=np.abs([values - low, high - values]), marker="o", markersize=3, capsize=2
    )
    axes.set_xticks(range(len(rows)), [f"{row['level']:g}" for row in rows])
    axes.set(title=change.title, xlabel=change.unit, ylim=(0, 100))
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("UA, %")


def _card(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "saved_models" / name / "metrics.json").read_text(encoding="utf-8"))


DRAWN: dict[str, Callable[[], str]] = {
    "spectrograms": spectrograms,
    "hidden_states": hidden_states,
    "confusions_ravdess": confusions_ravdess,
    "confusions_common": confusions_common,
    "stress": stress,
}


if __name__ == "__main__":
    for key in sys.argv[1:] or DRAWN:
        (PICTURES / f"{key}.svg").write_text(DRAWN[key]() + "\n", encoding="utf-8")
        print(f"docs/pictures/{key}.svg")
