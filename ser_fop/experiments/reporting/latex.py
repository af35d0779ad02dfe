"""The tables as LaTeX; they need the package `booktabs`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ser_fop.experiments.reporting.notes import caution
from ser_fop.experiments.reporting.sections import sections

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{character: "\\" + character for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
}


def to_latex(tables: Mapping[str, Any]) -> str:
    r"""Return the text of `tables.tex`, with one `table` environment for each table.

    Include it by `\input` in a document that loads `booktabs`.

    Args:
        tables: Result of `collect_tables`.
    """
    parts = [f"% {caution(tables)}\n"]
    for title, header, rows in sections(tables):
        frame = pd.DataFrame(rows, columns=header).rename(columns=escape).map(_cell)
        form = {"hrules": True, "position_float": "centering", "column_format": "l" * len(header)}
        parts.append(frame.style.hide(axis="index").to_latex(caption=escape(title), **form))
    return "\n".join(parts)


def escape(text: str) -> str:
    """Return text with the special characters of LaTeX escaped."""
    return text.translate(str.maketrans(_SPECIAL))


def _cell(text: str) -> str:
    # LaTeX would read a bracket at the start of a row as an argument of the line break before it.
    return f"{{}}{escape(text)}" if text.startswith("[") else escape(text)
