"""Writes the report of a `reproduce` folder."""

from pathlib import Path

from ser_fop.artifacts import write_json, write_text
from ser_fop.reporting.markdown import to_markdown
from ser_fop.reporting.page import to_html
from ser_fop.reporting.tables import collect_tables


def write_report(out: Path) -> Path:
    """Write `report/index.html`, `report/tables.json` and `report/tables.md`.

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
    write_text(folder / "index.html", to_html(tables))
    return folder / "index.html"
