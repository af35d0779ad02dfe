"""The report as one static HTML page, without network access."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ser_fop.experiments.reporting import paper
from ser_fop.experiments.reporting.findings import finding
from ser_fop.experiments.reporting.html_parts import TEMPLATE
from ser_fop.experiments.reporting.job_list import FinishedJob
from ser_fop.experiments.reporting.notes import caution, notes, settings_notes
from ser_fop.experiments.reporting.plot import Plot
from ser_fop.experiments.reporting.sections import sections
from ser_fop.experiments.variants import FOLDER


def to_html(
    tables: Mapping[str, Any],
    plots: Iterable[Plot] = (),
    jobs: Sequence[FinishedJob] = (),
    first_plots: Iterable[Plot] = (),
) -> str:
    """Return the HTML page of a report.

    Args:
        tables: Result of `collect_tables`.
        plots: Plots below the tables, as from `gallery`.
        jobs: Finished jobs, as from `job_list`.
        first_plots: Plots above the tables, as from `headline`.
    """
    versions = ", ".join(f"{name} {version}" for name, version in tables["versions"].items())
    computer = tables["machine"]
    report = {
        "caution": caution(tables),
        "notes": notes(tables),
        "settings_notes": settings_notes(tables),
        "first_plots": list(first_plots),
        "sections": [(*section, finding(section[0], tables)) for section in sections(tables)],
        "plots": [(title, list(group)) for title, group in itertools.groupby(plots, key=lambda plot: plot.title)],
        "presets": [(name, f"../{FOLDER}/{name}/report/index.html") for name in tables.get("presets", {})],
        "jobs": jobs,
        "reference": paper.REFERENCE,
        "config": yaml.safe_dump(tables["config"], sort_keys=False),
        "made_with": f"{versions}; {computer['cores']} cores, {computer['processor']}",
    }
    title = f"Future Observation Prediction on {tables['corpus']['title']}"
    return TEMPLATE.render(title=title, report=report)
