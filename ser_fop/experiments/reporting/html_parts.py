"""What every page of ours is made of; it needs no network."""

import html
import re
from collections.abc import Iterable, Sequence

# More columns than the page's text is wide for.
_MANY = 9
# What a line never ends in: a figure with its deviation, an interval, a p value.
_FIGURE = re.compile(r"[\d.]+ ± [\d.]+|\[[-\d., ]+\]|p [\d.]+")
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; break-after: avoid; }
.caution { border: 2px solid #b45309; border-radius: .4rem; padding: .8rem 1rem; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid #8886; vertical-align: top; }
.wide { --room: min(100vw - 2rem, 90rem); width: var(--room); margin-left: calc(50% - var(--room) / 2); }
.wide td:first-child { min-width: 10rem; } .wide th, .wide td { padding: .35rem .45rem; }
th { border-bottom: 2px solid #888; } tr.control td { opacity: .7; font-style: italic; }
pre { overflow-x: auto; font-size: .85rem; padding: .8rem; border: 1px solid #8886; border-radius: .4rem; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; padding: .5rem; background: #fff; color: #222; border: 1px solid #8886; border-radius: .4rem; max-width: 100%;
  box-sizing: border-box; break-inside: avoid; width: 29.5rem; } figure.wide { width: 100%; }
figure svg { width: 100%; height: auto; display: block; } figcaption { font-size: .85rem; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 9pt; } h2 { font-size: 11pt; margin-top: 1.2rem; }
  .scroll { overflow: visible; } .wide { width: auto; margin: 0; } th, td { padding: .15rem .4rem; } tr { break-inside: avoid; } pre { white-space: pre-wrap; }
  .plots { display: block; } figure { display: inline-block; width: 48%; vertical-align: top; margin: 0 .4rem .4rem 0; }
  details::details-content { content-visibility: visible; }
}
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a page.

    Args:
        title: Its title, and first heading.
        parts: HTML that follows.
    """
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
    ]
    return "\n".join([*head, *parts, "</body></html>"]) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; rows with a cell that begins with `control` stand back."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = []
    for row in rows:
        control = ' class="control"' if any(cell.startswith("control") for cell in row) else ""
        body.append(f"<tr{control}>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>")
    kind = "scroll wide" if len(header) >= _MANY else "scroll"
    return f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _text(cell: str) -> str:
    return html.escape(_FIGURE.sub(lambda figure: figure[0].replace(" ", "\u00a0"), cell))
