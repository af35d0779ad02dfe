"""Writes the report of a `reproduce` folder."""

from pathlib import Path

from ser_fop.artifacts import write_json, write_text
from ser_fop.reporting import cell_list
from ser_fop.reporting.figures_csv import to_csv
from ser_fop.reporting.gallery import gallery
from ser_fop.reporting.latex import to_latex
from ser_fop.reporting.markdown import to_markdown
from ser_fop.reporting.page import to_html
from ser_fop.reporting.tables import collect_tables


def write_report(out: Path) -> Path:
    """Write `report/index.html`, and the tables as JSON, Markdown, LaTeX and CSV.

    Args:
        out: Folder of `reproduce`, finished or running.

    Returns:
        The page.
    """
    tables = collect_tables(out)
    folder = out / "report"
    folder.mkdir(exist_ok=True)
    write_json(folder / "tables.json", tables)
    write_text(folder / "tables.md", to_markdown(tables))
    write_text(folder / "tables.tex", to_latex(tables))
    write_text(folder / "figures.csv", to_csv(tables))
    cells = cell_list.cell_list(out)
    write_text(folder / "cells.csv", cell_list.to_csv(cells))
    write_text(folder / "index.html", to_html(tables, gallery(out, tables), cells))
    return folder / "index.html"
