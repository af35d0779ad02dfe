"""Write the report of a `reproduce` folder."""

from pathlib import Path

from ser_fop.experiments.reporting import job_list
from ser_fop.experiments.reporting.figures_csv import to_csv
from ser_fop.experiments.reporting.gallery import gallery
from ser_fop.experiments.reporting.headline import headline
from ser_fop.experiments.reporting.latex import to_latex
from ser_fop.experiments.reporting.markdown import to_markdown
from ser_fop.experiments.reporting.page import to_html
from ser_fop.experiments.reporting.tables import collect_tables
from ser_fop.utils.run_folder import write_json, write_text


def write_report(out: Path) -> Path:
    """Write `report/index.html`, and the tables as JSON, Markdown, LaTeX and CSV.

    Args:
        out: Folder of `reproduce`; the experiment may still run.

    Returns:
        Path of the page.
    """
    tables = collect_tables(out)
    folder = out / "report"
    folder.mkdir(exist_ok=True)
    write_json(folder / "tables.json", tables)
    if tables["cross_corpus"]:
        write_json(folder / "cross_corpus.json", tables["cross_corpus"])
    write_text(folder / "tables.md", to_markdown(tables))
    write_text(folder / "tables.tex", to_latex(tables))
    write_text(folder / "figures.csv", to_csv(tables))
    jobs = job_list.job_list(out)
    write_text(folder / "cells.csv", job_list.to_csv(jobs))
    seeds = sorted((out / "runs").glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))
    page = to_html(tables, gallery(seeds, tables), jobs, headline(seeds, tables))
    write_text(folder / "index.html", page)
    return folder / "index.html"
