"""Keep the measured tables of the README and of docs/performance.md: `python docs/update_benchmarks.py`.

Both are written anew from benchmarks/results.json, which `python -m benchmarks --record` writes, and from
benchmarks/roofline.md, which `python -m benchmarks.roofline --record` writes.
"""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGES = {"README.md": "summary", "docs/performance.md": "details"}
ROOFLINE = ROOT / "benchmarks" / "roofline.md"


def update(page: str, text: str) -> str:
    """Return the text of a page with its tables written anew.

    Args:
        page: `README.md` or `docs/performance.md`.
        text: What stands there.
    """
    recorded = json.loads(RESULTS.read_text(encoding="utf-8"))
    body = {"summary": summary, "details": details}[PAGES[page]](recorded)
    text = _between(text, "benchmarks", body)
    return _between(text, "roofline", ROOFLINE.read_text(encoding="utf-8").strip())


def _between(text: str, marker: str, body: str) -> str:
    """Put a body between two marks, where they are."""
    start, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    if start not in text:
        return text
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{body}\n{end}{after}"


def summary(recorded: dict[str, Any]) -> str:
    """Return one table: each comparison's ratio to each peer, and whose figure it is."""
    rows = [["what", "unit", "ours", "ours / theirs: median (min to max)"], ["---"] * 4]
    for key, one in recorded.items():
        ours, *peers = one["rows"]
        ratios = [
            f"{row['name']} **{_figure(row['ratio']['median'])}** ({_span(row['ratio'])})"
            for row in peers
            if "ratio" in row
        ]
        rows.append([f"`{key}`", one["unit"], _figure(ours["rate"]["median"]), "; ".join(ratios)])
    return "\n".join([*_table(rows), "", _origin(recorded)])


def details(recorded: dict[str, Any]) -> str:
    """Return a table for each comparison, with its spread, memory and command."""
    lines = []
    for key, one in recorded.items():
        lines += [f"### {key}", "", f"{one['title']} `{one['command']}`, {one['rounds']} rounds.", ""]
        rows = [["contender", one["unit"], "ours / theirs", "peak memory, GiB"], ["---"] * 4]
        for row in one["rows"]:
            if "missing" in row:
                rows.append([row["name"], row["missing"], "", ""])
                continue
            ratio = f"{_figure(row['ratio']['median'])} ({_span(row['ratio'])})" if "ratio" in row else ""
            rate = f"{_figure(row['rate']['median'])} ({_span(row['rate'])})"
            rows.append([row["name"], rate, ratio, f"{row['peak_gib']:.2f}"])
        lines += [*_table(rows), ""]
    return "\n".join([*lines, _origin(recorded)])


def _table(rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in rows]


def _origin(recorded: dict[str, Any]) -> str:
    """Return on what the figures were measured."""
    machines = sorted({f"{one['machine']['processor']}, {one['machine']['cores']} cores" for one in recorded.values()})
    names = ("tensorflow", "keras", "torch")
    versions = sorted(
        {
            ", ".join(f"{name} {one['versions'][name]}" for name in names if name in one["versions"])
            for one in recorded.values()
        }
    )
    return f"Measured on {'; '.join(machines)}; {'; '.join(versions)}."


def _figure(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def _span(values: dict[str, float]) -> str:
    return f"{_figure(values['min'])} to {_figure(values['max'])}"


if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(update(name, path.read_text(encoding="utf-8")), encoding="utf-8")
