"""HTML pages and tables, from the template `page.html.j2`."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

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
