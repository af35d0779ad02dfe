"""The tables as one plain HTML page that needs no network."""

import html
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ser_fop.experiments.reporting import paper
from ser_fop.experiments.reporting.gallery import Plot
from ser_fop.experiments.reporting.html_parts import document, table
from ser_fop.experiments.reporting.job_list import FinishedJob
from ser_fop.experiments.reporting.notes import caution, notes, settings_notes
from ser_fop.experiments.reporting.sections import sections
from ser_fop.experiments.variants import FOLDER


def to_html(tables: Mapping[str, Any], plots: Iterable[Plot] = (), jobs: Sequence[FinishedJob] = ()) -> str:
    """Return the page.

    Args:
        tables: What `collect_tables` returns.
        plots: What `gallery` draws.
        jobs: What `job_list` returns.
    """
    escape = html.escape
    title = f"Future Observation Prediction on {tables['corpus']['title']}"
    parts = [
        f'<p class="caution">{escape(caution(tables))}</p>',
        _bullets(notes(tables)),
        f"<details><summary>Settings, against preset paper</summary>{_bullets(settings_notes(tables))}</details>",
    ]
    for heading, header, rows in sections(tables):
        parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append(table(header, rows))
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
            f'<p>Plots and jobs of settings <code>{escape(name)}</code>: <a href="{page}">its own page</a>.</p>'
        )
    if jobs:
        parts.append(f"<details><summary>Every job: seed, cost, predictions</summary>{_job_table(jobs)}</details>")
    parts.append(f"<p>Paper: {escape(paper.REFERENCE)}.</p>")
    config = yaml.safe_dump(tables["config"], sort_keys=False)
    used = ", ".join(f"{name} {version}" for name, version in tables["versions"].items())
    computer = tables["machine"]
    used += f"; {computer['cores']} cores, {computer['processor']}"
    parts.append(
        f"<details><summary>Config and versions</summary><pre>{escape(config)}</pre><p>{escape(used)}</p></details>"
    )
    return document(title, parts)


def _bullets(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _job_table(jobs: Sequence[FinishedJob]) -> str:
    """Return the table of all jobs, with their versions where these differ."""
    made_with = [f"{job.versions}; revision {job.revision or 'unknown'}" for job in jobs]
    same = len(set(made_with)) == 1
    head = ["job", "seed", "folds", "parameters", "epochs", "seconds", *([] if same else ["made with"])]
    lines = ["<tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>"]
    for job, used in zip(jobs, made_with, strict=True):
        name = html.escape(job.job)
        linked = f'<a href="{html.escape(job.predictions)}">{name}</a>' if job.predictions else name
        values = [job.seed, str(job.folds), job.parameters, job.epochs, f"{job.seconds:.0f}"]
        values += [] if same else [used]
        lines.append(f"<tr><td>{linked}</td>" + "".join(f"<td>{html.escape(value)}</td>" for value in values) + "</tr>")
    note = f"<p>All were made with {html.escape(made_with[0])}.</p>" if same else ""
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>{note}'
