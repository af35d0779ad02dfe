"""The report as one static HTML page, without network access."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ser_fop.experiments.reporting import paper
from ser_fop.experiments.reporting.gallery import Plot
from ser_fop.experiments.reporting.html_parts import TEMPLATE
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
    versions = ", ".join(f"{name} {version}" for name, version in tables["versions"].items())
    computer = tables["machine"]
    report = {
        "caution": caution(tables),
        "notes": notes(tables),
        "settings_notes": settings_notes(tables),
        "sections": sections(tables),
        "plots": [(title, list(group)) for title, group in itertools.groupby(plots, key=lambda plot: plot.title)],
        "presets": [(name, f"../{FOLDER}/{name}/report/index.html") for name in tables.get("presets", {})],
        "jobs": jobs,
        "reference": paper.REFERENCE,
        "config": yaml.safe_dump(tables["config"], sort_keys=False),
        "made_with": f"{versions}; {computer['cores']} cores, {computer['processor']}",
    }
    title = f"Future Observation Prediction on {tables['corpus']['title']}"
    return TEMPLATE.render(title=title, report=report)
