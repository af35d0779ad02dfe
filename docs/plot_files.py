"""The plots of the pages, as files: `docs/plots/NAME.svg`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

PLOTS = Path(__file__).resolve().parent / "plots"


def write(plots: Mapping[str, str]) -> None:
    """Write plots, each an SVG element, by their names."""
    PLOTS.mkdir(exist_ok=True)
    for name, svg in plots.items():
        (PLOTS / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")


def ends(values: Sequence[float]) -> dict[str, float]:
    """Return the least and the greatest of several values as the ends of a line; nothing for a single value."""
    return {"low": min(values), "high": max(values)} if len(values) > 1 else {}
