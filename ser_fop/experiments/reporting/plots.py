"""The plots of a report as SVG text, for a page without network access."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

_COLOURS = mpl.colormaps["tab10"].colors
# Text in the plots stays searchable, and ids are the same in every run.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "ser_fop", "font.size": 9, "font.family": "sans-serif"}


def confusion_plot(counts: Sequence[Sequence[float]], labels: Sequence[str]) -> str:
    """Draw a confusion matrix in percent of each true class.

    Args:
        counts: Number of utterances of shape (true classes, predicted classes).
        labels: The classes.
    """
    shares = np.asarray(counts, dtype=float)
    shares = 100 * shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 + 0.48 * len(labels), 1.2 + 0.48 * len(labels)), layout="constrained")
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for row, column in np.ndindex(shares.shape):
            colour = "white" if shares[row, column] > 55 else "black"
            axes.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", color=colour)
        axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlabel="predicted class", ylabel="true class")
        return as_svg(figure)


def recall_plot(systems: Mapping[str, Sequence[Sequence[float]]], labels: Sequence[str]) -> str:
    """Draw the recall of each class, with one bar for each system.

    Args:
        systems: Confusion counts of shape (true classes, predicted classes), by name of the system.
        labels: The classes.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(systems)
        for index, (name, counts) in enumerate(systems.items()):
            matrix = np.asarray(counts, dtype=float)
            recall = 100 * np.diagonal(matrix) / np.maximum(matrix.sum(axis=1), 1)
            axes.bar(np.arange(len(labels)) + index * width, recall, width, label=name, color=_COLOURS[index % 10])
        axes.set_xticks(np.arange(len(labels)) + 0.4 - width / 2, labels)
        axes.axhline(100 / len(labels), color="grey", linestyle=":", linewidth=1)
        axes.set(ylabel="recall, %", ylim=(0, 100))
        figure.legend(fontsize=7, frameon=False, loc="outside lower left", ncols=2)
        return as_svg(figure)


def reliability_plot(systems: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Draw a calibration plot: accuracy by predicted probability.

    Args:
        systems: `bins` of `calibration` in `metrics.json`, by name of the system.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
        for index, (name, bins) in enumerate(systems.items()):
            confidence = [row["confidence"] for row in bins]
            accuracy = [row["accuracy"] for row in bins]
            axes.plot(confidence, accuracy, marker="o", markersize=3, label=name, color=_COLOURS[index % 10])
        axes.set(xlabel="predicted probability", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        figure.legend(fontsize=7, frameon=False, loc="outside lower left")
        return as_svg(figure)


def risk_coverage_plot(rows: Sequence[Mapping[str, float]]) -> str:
    """Draw the accuracy of the most confident answers by their share.

    Args:
        rows: Result of `risk_coverage`.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.0), layout="constrained")
        axes = figure.subplots()
        axes.plot([100 * row["coverage"] for row in rows], [100 * row["accuracy"] for row in rows], color=_COLOURS[0])
        axes.set(xlabel="most confident answers, %", ylabel="accuracy, %", xlim=(0, 100), ylim=(0, 100))
        return as_svg(figure)


def curve_plot(histories: Mapping[str, Mapping[str, Sequence[float]]], *, keys: Sequence[str], label: str) -> str:
    """Draw training curves.

    Args:
        histories: Histories as from `keras.Model.fit`, by name of the network.
        keys: Keys of the histories to draw; validation curves are solid, others dashed.
        label: Label of the vertical axis.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for index, (name, history) in enumerate(histories.items()):
            for key in (key for key in keys if history.get(key)):
                style = {} if key.startswith("val_") else {"linestyle": "--", "alpha": 0.6}
                epochs = np.arange(1, len(history[key]) + 1)
                style |= {"marker": ".", "color": _COLOURS[index % 10]}
                axes.plot(epochs, history[key], label=name if len(keys) == 1 else f"{name}, {key}", **style)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(fontsize=6, frameon=False, loc="outside lower left")
        return as_svg(figure)


def horizon_plot(skills: Mapping[str, Mapping[float, float]]) -> str:
    """Draw skill by prediction horizon.

    Args:
        skills: Skill by horizon in milliseconds, by name of the network.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for index, (name, found) in enumerate(skills.items()):
            axes.plot(*zip(*sorted(found.items()), strict=True), marker=".", color=_COLOURS[index % 10], label=name)
        axes.axhline(0, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(xlabel="horizon, milliseconds", ylabel="skill relative to copying the last frame")
        figure.legend(fontsize=6, frameon=False, loc="outside lower left")
        return as_svg(figure)


def level_plot(
    scores: Mapping[float, tuple[float, float | None, float | None]], *, reference: float, title: str, unit: str
) -> str:
    """Draw a score, a share of 1, by the level of a change.

    Args:
        scores: Score and the ends of its interval (None without one) by level.
        reference: Score without the change, as a dotted line.
        title: Title of the plot.
        unit: Unit of the levels.
    """
    levels = sorted(scores)
    values, low, high = (
        np.array([100 * (np.nan if scores[level][part] is None else scores[level][part]) for level in levels])
        for part in range(3)
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.2, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.axhline(100 * reference, color="grey", linestyle=":", linewidth=1)
        places = np.arange(len(levels))
        errors = np.abs(np.stack([values - low, high - values]))
        axes.errorbar(places, values, yerr=errors, marker="o", markersize=3, capsize=2, color=_COLOURS[0])
        axes.set_xticks(places, [f"{level:g}" for level in levels])
        axes.set(title=title, xlabel=unit, ylabel="UA, %", ylim=(0, 100))
        return as_svg(figure)


def spectrogram_plot(true: np.ndarray, predicted: np.ndarray, *, hop_s: float) -> str:
    """Draw a log-mel spectrogram, its prediction and the error.

    Args:
        true: Log-mels of shape (frames, mels).
        predicted: The same frames as predicted from earlier ones, of the same shape.
        hop_s: Distance between frames, in seconds.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 4.6), layout="constrained")
        rows = figure.subplots(3, 1, sharex=True)
        # Without interpolation the file has one pixel for each value, and is small.
        drawn = {"origin": "lower", "aspect": "auto", "interpolation": "none"}
        drawn["extent"] = (0, len(true) * hop_s, 0, true.shape[1])
        low, high = np.quantile(true, [0.01, 0.99])
        for axes, (name, values) in zip(rows, {"true": true, "predicted": predicted}.items(), strict=False):
            axes.imshow(values.T, cmap="magma", vmin=low, vmax=high, **drawn)
            axes.set(ylabel=f"{name}\nmel band")
        error = np.abs(predicted - true)
        rows[2].imshow(error.T, cmap="Greys", vmax=(high - low) / 3, **drawn)
        rows[2].set(ylabel="|error|\nmel band", xlabel="seconds")
        return as_svg(figure)


def map_plot(points: np.ndarray, groups: Sequence[str], *, title: str) -> str:
    """Draw utterances as points in two dimensions, coloured by group.

    Args:
        points: Coordinates of shape (utterances, 2).
        groups: Group of each utterance.
        title: Title of the plot.
    """
    names = sorted(set(groups))
    colours = mpl.colormaps["tab10" if len(names) <= 10 else "turbo"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.6), layout="constrained")
        axes = figure.subplots()
        for number, name in enumerate(names):
            chosen = np.array([group == name for group in groups])
            colour = colours(number if len(names) <= 10 else number / (len(names) - 1))
            axes.scatter(*points[chosen].T, s=5, color=colour, label=name or "none", linewidths=0, rasterized=True)
        axes.set(title=title, xticks=[], yticks=[])
        axes.legend(fontsize=6, frameon=False, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
        return as_svg(figure)


def as_svg(figure: Figure) -> str:
    """Return the figure as an SVG element that scales to the page."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL).strip()
