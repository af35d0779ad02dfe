"""Text of table cells."""

from collections.abc import Mapping
from typing import Any

NOT_RUN = "not run"


def stars(p: float) -> str:
    """Return the significance stars of a p value: * below .05, ** below .01, *** below .001."""
    return "".join("*" for limit in (0.05, 0.01, 0.001) if p < limit)


def ends(interval: Mapping[str, Any] | None) -> str:
    """Format an interval in percentage points; empty without an interval."""
    return f"[{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]" if interval else ""


def difference(compared: Mapping[str, Any]) -> str:
    """Format a difference in percentage points of WA, with its interval over speakers."""
    return f"{100 * compared['difference']:+.2f} {ends(compared['over_speakers'])}"


def tested(against: Mapping[str, Any]) -> str:
    """Format a difference and its p value; empty without a comparison."""
    if not against:
        return ""
    p = against["p_sign_flip"]
    return f"{difference(against)}, p {p:.2g}{stars(p)}"


def percent(figures: Mapping[str, Any], key: str = "wa", *, interval: bool = True) -> str:
    """Format a score in percent.

    Args:
        figures: Figures of a job, as from `figures`; may be empty.
        key: Key of the score.
        interval: Whether to add the interval over speakers.

    Returns:
        Mean over repeats, with the standard deviation if there are several; `NOT_RUN` without figures.
    """
    if not figures:
        return NOT_RUN
    spread = figures[key]
    std = "" if spread["deviation"] is None else f" ± {100 * spread['deviation']:.2f}"
    around = ends(spread.get("over_speakers")) if interval else ""
    return f"{100 * spread['mean']:.2f}{std} {around}".rstrip()


def stamp(figures: Mapping[str, Any]) -> str:
    """Return the warnings that belong to a figure: transductive, selected on test."""
    stamps = [", transductive"] if figures.get("transductive") else []
    stamps += [", SELECTED ON TEST"] if figures.get("selected_on") == "test" else []
    return "".join(stamps)


def both(figures: Mapping[str, Any]) -> str:
    """Format WA, with UA in brackets and the warnings."""
    return f"{percent(figures)} ({percent(figures, 'ua', interval=False)}){stamp(figures)}" if figures else NOT_RUN


def published(value: float | None) -> str:
    """Format a figure of the paper; empty without one."""
    return "" if value is None else f"{value:.2f}"


def repeats(*figures: Mapping[str, Any]) -> str:
    """Format the numbers of repeats; one number if all are equal."""
    counts = [str(found["repeats"]) if found else "0" for found in figures]
    return counts[0] if len(set(counts)) == 1 else " / ".join(counts)


def signed(skill: Mapping[str, Any]) -> str:
    """Format skill with its sign and its standard deviation over repeats."""
    spread = "" if skill["deviation"] is None else f" ± {skill['deviation']:.4f}"
    return f"{skill['mean']:+.4f}{spread}"
