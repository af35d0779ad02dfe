"""The tables as one plain HTML page that needs no network."""

import html
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ser_fop.experiment.also import FOLDER
from ser_fop.reporting import paper
from ser_fop.reporting.cell_list import FinishedCell
from ser_fop.reporting.gallery import Plot
from ser_fop.reporting.markdown import sections
from ser_fop.reporting.notes import caution, notes

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; break-after: avoid; }
.caution { border: 2px solid #b45309; border-radius: .4rem; padding: .8rem 1rem; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid #8886; vertical-align: top; }
th { border-bottom: 2px solid #888; } tr.control td { opacity: .7; font-style: italic; }
pre { overflow-x: auto; font-size: .85rem; padding: .8rem; border: 1px solid #8886; border-radius: .4rem; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; padding: .5rem; background: #fff; color: #222; border: 1px solid #8886; border-radius: .4rem; max-width: 100%;
  box-sizing: border-box; break-inside: avoid; width: 29.5rem; } figure.wide { width: 100%; }
figure svg { width: 100%; height: auto; display: block; } figcaption { font-size: .85rem; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 9pt; } h2 { font-size: 11pt; margin-top: 1.2rem; }
  .scroll { overflow: visible; } th, td { padding: .15rem .4rem; } tr { break-inside: avoid; } pre { white-space: pre-wrap; }
  .plots { display: block; } figure { display: inline-block; width: 48%; vertical-align: top; margin: 0 .4rem .4rem 0; }
  details::details-content { content-visibility: visible; }
}
"""


def to_html(tables: Mapping[str, Any], plots: Iterable[Plot] = (), cells: Sequence[FinishedCell] = ()) -> str:
    """Return the page.

    Args:
        tables: What `collect_tables` returns.
        plots: What `gallery` draws.
        cells: What `cell_list` returns.
    """
    escape = html.escape
    title = f"Future Observation Prediction on {tables['corpus']['title']}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="caution">{escape(caution(tables))}</p>',
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes(tables)) + "</ul>",
    ]
    for heading, header, rows in sections(tables):
        parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append(_table(header, rows))
    for heading, group in itertools.groupby(plots, key=lambda plot: plot.title):
        parts.append(f'<h2>{escape(heading)}</h2><div class="plots">')
        for plot in group:
            label = f'role="img" aria-label="{escape(plot.caption)}"'
            parts.append(
                f"<figure{' class=wide' if plot.wide else ''}>{plot.svg.replace('<svg', f'<svg {label}', 1)}<figcaption>{escape(plot.caption)}</figcaption></figure>"
            )
        parts.append("</div>")
    for name in tables.get("presets", {}):
        page = html.escape(f"../{FOLDER}/{name}/report/index.html")
        parts.append(
            f'<p>Plots and cells of settings <code>{escape(name)}</code>: <a href="{page}">its own page</a>.</p>'
        )
    if cells:
        parts.append(f"<details><summary>Every cell: seed, cost, predictions</summary>{_cells(cells)}</details>")
    parts.append(f"<p>Paper: {escape(paper.REFERENCE)}.</p>")
    config = yaml.safe_dump(tables["config"], sort_keys=False)
    used = ", ".join(f"{name} {version}" for name, version in tables["versions"].items())
    computer = tables["machine"]
    used += f"; {computer['cores']} cores, {computer['processor']}"
    parts.append(
        f"<details><summary>Config and versions</summary><pre>{escape(config)}</pre><p>{escape(used)}</p></details>"
    )
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _cells(cells: Sequence[FinishedCell]) -> str:
    """Return the table of all cells; versions stand in it where not all were made with the same."""
    made_with = [f"{cell.versions}; revision {cell.revision or 'unknown'}" for cell in cells]
    same = len(set(made_with)) == 1
    head = ["cell", "seed", "folds", "parameters", "epochs", "seconds", *([] if same else ["made with"])]
    lines = ["<tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>"]
    for cell, used in zip(cells, made_with, strict=True):
        name = html.escape(cell.cell)
        linked = f'<a href="{html.escape(cell.predictions)}">{name}</a>' if cell.predictions else name
        values = [cell.seed, str(cell.folds), cell.parameters, cell.epochs, f"{cell.seconds:.0f}"]
        values += [] if same else [used]
        lines.append(f"<tr><td>{linked}</td>" + "".join(f"<td>{html.escape(value)}</td>" for value in values) + "</tr>")
    note = f"<p>All were made with {html.escape(made_with[0])}.</p>" if same else ""
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>{note}'


def _table(header: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = []
    for row in rows:
        control = ' class="control"' if any(cell.startswith("control") for cell in row) else ""
        body.append(f"<tr{control}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
