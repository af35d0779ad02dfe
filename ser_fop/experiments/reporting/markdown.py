"""The tables as Markdown."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.reporting.findings import finding
from ser_fop.experiments.reporting.notes import caution, notes, settings_notes
from ser_fop.experiments.reporting.sections import sections


def to_markdown(tables: Mapping[str, Any]) -> str:
    """Return the text of `tables.md`.

    Args:
        tables: Result of `collect_tables`.
    """
    lines = [f"# Future Observation Prediction on {tables['corpus']['title']}", "", f"**{caution(tables)}**", ""]
    lines += [f"- {note}" for note in (*notes(tables), *settings_notes(tables))]
    for title, header, rows in sections(tables):
        said = finding(title, tables)
        lines += ["", f"## {title}", "", *([said, ""] if said else []), _line(header), _line(["---"] * len(header))]
        lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
