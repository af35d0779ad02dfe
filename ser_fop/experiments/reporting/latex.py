"""The tables for a paper: `booktabs`, nothing else."""

from collections.abc import Mapping
from typing import Any

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
    r"""Return `tables.tex`: one `table` environment each, to `\input` where `booktabs` is loaded.

    Args:
        tables: What `collect_tables` returns.
    """
    lines = [f"% {caution(tables)}"]
    for title, header, rows in sections(tables):
        lines += ["", r"\begin{table}", r"\centering", rf"\caption{{{escape(title)}}}"]
        lines += [rf"\begin{{tabular}}{{{'l' * len(header)}}}", r"\toprule", _line(header), r"\midrule"]
        lines += [*map(_line, rows), r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text with what LaTeX would read as a command made harmless."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _line(cells: list[str]) -> str:
    # A cell that starts with a bracket would be read as an argument of the line break before it.
    return " & ".join(f"{{}}{escape(cell)}" if cell.startswith("[") else escape(cell) for cell in cells) + r" \\"
