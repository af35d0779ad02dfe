"""Table 3 with all systems that have run, as text, and its remarks."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.reporting import cell_text

# Columns without the speakers on whom settings were developed.
UNEXPLORED = (
    "WA % without the development speakers",
    "advantage of FOP + Fine-tuning without the development speakers",
)
Section = tuple[str, list[str], list[list[str]]]


def systems_sections(tables: Mapping[str, Any]) -> list[Section]:
    """Return title, header and rows of Table 3 with all systems, and of its remarks.

    Args:
        tables: Result of `collect_tables`.

    Returns:
        The sections; empty if no system other than the FOP model has run.
    """
    rows = tables.get("systems", ())
    if not rows:
        return []
    header = [
        "System",
        "WA % (UA %)",
        "advantage of FOP + Fine-tuning, points of WA [95 % interval over speakers]",
        *(UNEXPLORED if any(row.get("unexplored") for row in rows) else ()),
        f"paper, WA % ({tables['paper_corpus']})",
        "parameters",
        "hours per repeat",
        "epochs",
        "repeats, folds",
    ]
    over = "over all folds, pooled" if any(row["folds"] > 1 for row in rows) else "single fold"
    title = f"Table 3 with the systems that the paper compares with, {over}"
    return [(title, header, [_line(row) for row in rows]), *_controlled(rows), *_remarks(rows)]


def _line(row: Mapping[str, Any]) -> list[str]:
    rest = row.get("unexplored")
    return [
        row["system"],
        cell_text.both(row),
        cell_text.tested(row["against_fop"]),
        *([cell_text.percent(rest, interval=False), cell_text.tested(rest["against_fop"])] if rest else []),
        cell_text.published(row["paper_wa"]),
        "" if row["parameters"] is None else f"{row['parameters']:,}",
        f"{row['hours']:.2f}",
        " + ".join(f"{epochs} {kind}" for kind, epochs in row.get("epochs", ())),
        f"{row['repeats']}, {row['folds']}",
    ]


def _controlled(rows: list[Mapping[str, Any]]) -> list[Section]:
    """Return the gain of other networks from FOP pretraining, if any have run."""
    found = [[row["system"], cell_text.tested(row["against_control"])] for row in rows if row.get("against_control")]
    header = ["System", "gain over the same network from scratch, points of WA [95 % interval over speakers]"]
    return [("Table 3: gain of other networks from FOP pretraining", header, found)] if found else []


def _remarks(rows: list[Mapping[str, Any]]) -> list[Section]:
    """Return the remarks, with one row for all systems that share a remark."""
    systems: dict[str, list[str]] = {}
    for row in rows:
        if row["remark"]:
            systems.setdefault(row["remark"], []).append(row["system"])
    found = [["; ".join(names), remark] for remark, names in systems.items()]
    return [("Table 3: remarks", ["System", "remark"], found)] if found else []
