"""Dot plots of scores and of differences, with intervals, as SVG text."""

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_fop.experiments.reporting.plots import STYLE, as_svg

_OURS, _CONTROL, _MARK = "#1f77b4", "#777777", "#444444"
# Narrow, so that the text is legible on a telephone.
_WIDTH_IN, _ROW_IN, _LINE_IN, _AXIS_IN = 4.4, 0.28, 0.14, 0.75
_LINE_CHARACTERS = 62


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dot:
    """A row of a dot plot; all values are in percent or percentage points.

    Attributes:
        name: Text of the row.
        value: The score, or the difference.
        low: Lower end of its interval; None without an interval.
        high: Upper end of its interval.
        mark: Value of a hollow diamond: the paper's score of another corpus, or chance; None without one.
        control: Whether the row is a control.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    mark: float | None = None
    control: bool = False


def dot_plot(rows: Sequence[Dot], *, reference: float | None, label: str) -> str:
    """Draw one row for each system: a dot with its interval, and a hollow diamond for its mark.

    Args:
        rows: The systems, from top to bottom.
        reference: Value of the dotted line: chance, or 0 for differences; None draws none.
        label: Label of the axis.
    """
    with mpl.rc_context(STYLE):
        texts = [textwrap.fill(row.name, _LINE_CHARACTERS, break_on_hyphens=False) for row in rows]
        # The vertical axis is in inches, from the top.
        heights = np.cumsum([_ROW_IN + _LINE_IN * (text.count("\n") + 1) for text in texts])
        figure = Figure(figsize=(_WIDTH_IN, _AXIS_IN + heights[-1]), layout="constrained")
        axes = figure.subplots()
        if reference is not None:
            axes.axvline(reference, color="grey", linestyle=":", linewidth=1)
        for row, text, height in zip(rows, texts, heights, strict=True):
            _draw(axes, row, height, text=text, value=f"{row.value:{'+.1f' if reference == 0 else '.1f'}}")
        axes.set(xlabel=label, yticks=[], ylim=(heights[-1] + 0.15, 0))
        axes.margins(x=0.06)
        axes.spines[["left", "right", "top"]].set_visible(False)
        return as_svg(figure)


def _draw(axes: Axes, row: Dot, height: float, *, text: str, value: str) -> None:
    """Draw a row, with its text and its value above the dot."""
    colour = _CONTROL if row.control else _OURS
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [height, height], color=colour, linewidth=1.6, solid_capstyle="butt")
    axes.plot(row.value, height, marker="o", markersize=5.5, color=colour, linestyle="none")
    if row.mark is not None:
        axes.plot(row.mark, height, marker="D", markersize=5, color=_MARK, markerfacecolor="none")
    style: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "fontsize": 7.5,
        "color": "#222222",
        "va": "bottom",
    }
    style |= {"in_layout": False, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5}}
    axes.text(0.0, height - 0.08, text, ha="left", **style)
    axes.text(1.0, height - 0.08, value, ha="right", **style)
