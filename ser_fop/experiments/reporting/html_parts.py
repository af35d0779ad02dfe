"""HTML pages and tables, from the template `page.html.j2`."""

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from ser_fop.experiments.reporting.plot import Plot

# Texts without line breaks: a figure with its standard deviation, an interval, a p value.
_FIGURE = re.compile(r"[\d.]+ ± [\d.]+|\[[-\d., ]+\]|p [\d.]+")


def _template() -> jinja2.Template:
    """Return the template, which escapes all text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"unbroken": _unbroken, "labelled": _labelled}
    environment.tests["control"] = lambda text: text.startswith("control")
    return environment.get_template("page.html.j2")


def _unbroken(text: str) -> str:
    return _FIGURE.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def _labelled(svg: str, caption: str) -> Markup:
    """Return a plot with its caption as a label for screen readers."""
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1))


TEMPLATE = _template()
_SHORT_ROWS = 8


def document(title: str, parts: Iterable[str]) -> str:
    """Return an HTML page.

    Args:
        title: Title and first heading.
        parts: HTML parts of the body, in order.
    """
    return TEMPLATE.render(title=title, parts=parts)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table; rows of controls have the class `control`."""
    return str(TEMPLATE.module.table(header, rows))


def folded_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table that is folded if it is long."""
    if len(rows) <= _SHORT_ROWS:
        return table(header, rows)
    return f"<details><summary>{len(rows)} rows</summary>{table(header, rows)}</details>"


def figures(plots: Iterable[Plot]) -> str:
    """Return plots under their headings; consecutive plots with the same heading form a group."""
    groups = itertools.groupby(plots, key=lambda plot: plot.title)
    return "".join(
        f"<h2>{escape(title)}</h2><div class='plots'>{''.join(map(str, map(TEMPLATE.module.figure, group)))}</div>"
        for title, group in groups
    )
