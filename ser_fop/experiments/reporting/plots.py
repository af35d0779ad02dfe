"""The report's plots as SVG text, to stand inside a page that needs no network."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

_COLOURS = mpl.colormaps["tab10"].colors
# Text stays text, to be read and searched; ids do not change from run to run.
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "ser_fop", "font.size": 9, "font.family": "sans-serif"}


def confusion_plot(counts: Sequence[Sequence[float]], labels: Sequence[str]) -> str:
    """Draw a confusion matrix in percent of each true class.

    Args:
        counts: Utterances, (classes, classes), rows true.
        labels: The classes.
    """
    shares = np.asarray(counts, dtype=float)
    shares = 100 * shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(1.6 + 0.48 * len(labels), 1.2 + 0.48 * len(labels)), layout="constrained")
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for row, column in np.ndindex(shares.shape):
            colour = "white" if shares[row, column] > 55 else "black"
            axes.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlabel="predicted class", ylabel="true class")
        return _svg(figure)


def recall_plot(systems: Mapping[str, Sequence[Sequence[float]]], labels: Sequence[str]) -> str:
    """Draw the recall of each class, systems side by side.

    Args:
        systems: Confusion counts (classes, classes) by name.
        labels: The classes.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(systems)
        for place, (name, counts) in enumerate(systems.items()):
            held = np.asarray(counts, dtype=float)
            recall = 100 * np.diagonal(held) / np.maximum(held.sum(axis=1), 1)
            axes.bar(np.arange(len(labels)) + place * width, recall, width, label=name, color=_COLOURS[place % 10])
        axes.set_xticks(np.arange(len(labels)) + 0.4 - width / 2, labels)
        axes.axhline(100 / len(labels), color="grey", linestyle=":", linewidth=1)
        axes.set(ylabel="recall, %", ylim=(0, 100))
        figure.legend(fontsize=7, frameon=False, loc="outside lower left", ncols=2)
        return _svg(figure)


def reliability_plot(systems: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Draw the accuracy by predicted probability.

    Args:
        systems: `bins` of `calibration` by name.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
        for place, (name, bins) in enumerate(systems.items()):
            sure = [row["confidence"] for row in bins]
            right = [row["accuracy"] for row in bins]
            axes.plot(sure, right, marker="o", markersize=3, label=name, color=_COLOURS[place % 10])
        axes.set(xlabel="predicted probability", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        figure.legend(fontsize=7, frameon=False, loc="outside lower left")
        return _svg(figure)


def curve_plot(histories: Mapping[str, Mapping[str, Sequence[float]]], *, keys: Sequence[str], label: str) -> str:
    """Draw training curves.

    Args:
        histories: What `fit` returned, by name.
        keys: Which of its curves; those of the validation speakers are drawn whole, others dashed.
        label: What they show.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for place, (name, history) in enumerate(histories.items()):
            for key in (key for key in keys if history.get(key)):
                style = {} if key.startswith("val_") else {"linestyle": "--", "alpha": 0.6}
                epochs = np.arange(1, len(history[key]) + 1)
                style |= {"marker": ".", "color": _COLOURS[place % 10]}
                axes.plot(epochs, history[key], label=f"{name}, {key}", **style)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(fontsize=6, frameon=False, loc="outside lower left")
        return _svg(figure)


def horizon_plot(skills: Mapping[str, Mapping[float, float]]) -> str:
    """Draw skill by prediction horizon.

    Args:
        skills: Skill by distance in milliseconds, by network.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for place, (name, found) in enumerate(skills.items()):
            axes.plot(*zip(*sorted(found.items()), strict=True), marker=".", color=_COLOURS[place % 10], label=name)
        axes.axhline(0, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(xlabel="milliseconds ahead", ylabel="skill against copying the last frame")
        figure.legend(fontsize=6, frameon=False, loc="outside lower left")
        return _svg(figure)


def spectrogram_plot(true: np.ndarray, predicted: np.ndarray, *, hop_s: float) -> str:
    """Draw a log-mel, what was predicted of it, and the error.

    Args:
        true: Shape (frames, mels).
        predicted: The same frames as predicted from earlier ones.
        hop_s: Distance between frames, in seconds.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 4.6), layout="constrained")
        rows = figure.subplots(3, 1, sharex=True)
        extent = (0, len(true) * hop_s, 0, true.shape[1])
        low, high = np.quantile(true, [0.01, 0.99])
        for axes, (name, values) in zip(rows, {"true": true, "predicted": predicted}.items(), strict=False):
            axes.imshow(values.T, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high, extent=extent)
            axes.set(ylabel=f"{name}\nmel band")
        error = np.abs(predicted - true)
        rows[2].imshow(error.T, origin="lower", aspect="auto", cmap="Greys", vmax=(high - low) / 3, extent=extent)
        rows[2].set(ylabel="|error|\nmel band", xlabel="seconds")
        return _svg(figure)


def map_plot(places: np.ndarray, groups: Sequence[str], *, title: str) -> str:
    """Draw utterances on a plane, coloured by group.

    Args:
        places: Shape (utterances, 2).
        groups: Group of each utterance.
        title: What colours them.
    """
    names = sorted(set(groups))
    colours = mpl.colormaps["tab10" if len(names) <= 10 else "turbo"]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 3.6), layout="constrained")
        axes = figure.subplots()
        for number, name in enumerate(names):
            chosen = np.array([group == name for group in groups])
            colour = colours(number if len(names) <= 10 else number / (len(names) - 1))
            axes.scatter(*places[chosen].T, s=5, color=colour, label=name or "none", linewidths=0, rasterized=True)
        axes.set(title=title, xticks=[], yticks=[])
        axes.legend(fontsize=6, frameon=False, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return the figure as an SVG element that scales to the page."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL).strip()
