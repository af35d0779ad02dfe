"""Figures as the text of a table's cell."""

from collections.abc import Mapping
from typing import Any

NOT_RUN = "not run"


def stars(p: float) -> str:
    """Return the stars of a p value: * below .05, ** below .01, *** below .001."""
    return "".join("*" for limit in (0.05, 0.01, 0.001) if p < limit)


def ends(interval: Mapping[str, Any] | None) -> str:
    """Write an interval in points; empty where there is none."""
    return f"[{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]" if interval else ""


def difference(compared: Mapping[str, Any]) -> str:
    """Write a difference in points of WA, and its interval over speakers."""
    return f"{100 * compared['difference']:+.2f} {ends(compared['over_speakers'])}"


def percent(figures: Mapping[str, Any], key: str = "wa", *, interval: bool = True) -> str:
    """Write one figure in percent, with its standard deviation over repeats and, if requested, its interval over speakers."""
    if not figures:
        return NOT_RUN
    spread = figures[key]
    std = "" if spread["deviation"] is None else f" ± {100 * spread['deviation']:.2f}"
    around = ends(spread.get("over_speakers")) if interval else ""
    return f"{100 * spread['mean']:.2f}{std} {around}".rstrip()


def stamp(figures: Mapping[str, Any]) -> str:
    """Return the stamps of a figure: transductive, selected on test."""
    stamps = [", transductive"] if figures.get("transductive") else []
    stamps += [", SELECTED ON TEST"] if figures.get("selected_on") == "test" else []
    return "".join(stamps)


def both(figures: Mapping[str, Any]) -> str:
    """Write WA, and UA in brackets."""
    return f"{percent(figures)} ({percent(figures, 'ua', interval=False)}){stamp(figures)}" if figures else NOT_RUN


def published(value: float | None) -> str:
    """Write a figure of the paper; empty where it has none."""
    return "" if value is None else f"{value:.2f}"


def repeats(*figures: Mapping[str, Any]) -> str:
    """Return the number of repeats of each figure; one number if all are equal."""
    counts = [str(found["repeats"]) if found else "0" for found in figures]
    return counts[0] if len(set(counts)) == 1 else " / ".join(counts)


def signed(skill: Mapping[str, Any]) -> str:
    """Write skill with its sign, and its standard deviation over repeats."""
    spread = "" if skill["deviation"] is None else f" ± {skill['deviation']:.4f}"
    return f"{skill['mean']:+.4f}{spread}"
