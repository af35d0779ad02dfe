"""Keep the measured tables of the README and the docs: `python docs/update_benchmarks.py`.

They are written anew from benchmarks/results.json, which `python -m benchmarks --record` writes, from
benchmarks/roofline.md, which `python -m benchmarks.roofline --record` writes, from benchmarks/serving.json, which
`python -m benchmarks.serving MODELS --record` writes, and from benchmarks/scaling.json, which
`python -m benchmarks.scaling RAVDESS --record` writes.
"""

import json
from pathlib import Path
from typing import Any

from marks import between

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
SERVING = ROOT / "benchmarks" / "serving.json"
SCALING = ROOT / "benchmarks" / "scaling.json"
PAGES = ("README.md", "docs/performance.md", "docs/scaling.md", "docs/use.md")
# On paper: hours of speech, and passes over them in training.
PROJECTED_HOURS = (1_000, 100_000)
_EPOCHS = 40
# Below, what a stage needs to start hides what an hour of speech costs.
_ENOUGH_HOURS = 10
_NOT_RUN: dict[str, Any] = {"seconds": None}
ROOFLINE = ROOT / "benchmarks" / "roofline.md"


def update(page: str, text: str) -> str:
    """Return the text of a page with its tables written anew.

    Args:
        page: One of `PAGES`.
        text: What stands there.
    """
    shown = summary if page == "README.md" else details
    text = between(text, "benchmarks", lambda: shown(json.loads(RESULTS.read_text(encoding="utf-8"))))
    text = between(text, "serving", lambda: serving(json.loads(SERVING.read_text(encoding="utf-8"))))
    text = between(text, "scaling", lambda: scaling(json.loads(SCALING.read_text(encoding="utf-8"))))
    return between(text, "roofline", lambda: ROOFLINE.read_text(encoding="utf-8").strip())


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


def scaling(recorded: dict[str, Any]) -> str:
    """Return each stage's seconds, memory and disk as the corpus grows, and what follows for much larger ones."""
    found = {(one["stage"], one["hours"]): one for one in recorded["measured"]}
    stages, sizes = list(dict.fromkeys(stage for stage, _ in found)), sorted({hours for _, hours in found})
    columns = [
        "stage",
        *(f"{hours:g} h, s" for hours in sizes),
        "s for one hour more",
        *(f"{hours:g} h, GiB" for hours in sizes),
    ]
    rows = [[*columns, "disk for an hour, MB"], ["---"] * (len(columns) + 1)]
    projected = [["stage", *(f"{hours:,} h" for hours in PROJECTED_HOURS)], ["---"] * (1 + len(PROJECTED_HOURS))]
    for stage in stages:
        measured = [found.get((stage, hours), _NOT_RUN) for hours in sizes]
        ended = [one for one in measured if one["seconds"] is not None]
        slope = None
        if len(ended) > 1 and ended[-1]["hours"] >= _ENOUGH_HOURS:
            before, last = ended[-2:]
            slope = (last["seconds"] - before["seconds"]) / (last["hours"] - before["hours"])
        seconds = [_figure(one["seconds"]) if one["seconds"] is not None else "not ended" for one in measured]
        memory = [f"{one['peak_gib']:.2f}" if one["seconds"] is not None else "" for one in measured]
        disk = f"{ended[-1]['disk_mb'] / ended[-1]['hours']:.3g}" if ended else ""
        rows.append([stage, *seconds, "" if slope is None else f"{slope:.2g}", *memory, disk])
        if slope is None or stage.startswith("classify"):
            continue
        passes = _EPOCHS if stage in ("pretrain", "finetune") else 1
        name = f"{stage}, {passes} epochs" if passes > 1 else stage
        projected.append([name, *(f"{slope * passes * hours / 86400:,.3g} days" for hours in PROJECTED_HOURS)])
    disk = found["prepare", sizes[-1]]["disk_mb"] / sizes[-1]
    projected.append(["disk for the records", *(f"{disk * hours / 1000:,.4g} GB" for hours in PROJECTED_HOURS)])
    of = recorded["machine"]
    origin = f"{of['processor']}, {of['cores']} cores; TensorFlow {recorded['versions']['tensorflow']}"
    lines = [*_table(rows), "", f"Measured once on {origin}."]
    if len(projected) > 3:
        lines += ["", "What follows for this machine alone, by what one hour more costs:", "", *_table(projected)]
    else:
        lines[-1] += " The slopes, and what follows for 1,000 and 100,000 hours, wait for ten hours and more."
    return "\n".join(lines)


def serving(recorded: dict[str, Any]) -> str:
    """Return the server's answers a second, latencies and memory, with and without batching."""
    rows = [
        ["utterances in a batch, at most", "clients", "answers / s", "p50", "p95", "p99, ms", "errors", "memory, MB"]
    ]
    rows.append(["---"] * len(rows[0]))
    for one in recorded["measured"]:
        latencies = [f"{one[f'p{share}_ms']:.0f}" for share in (50, 95, 99)]
        memory = f"{one['warm_mb']:.0f} warm, {one['end_mb']:.0f} at the end"
        counts = [str(one["batch"]), str(one["clients"]), f"{one['answers_per_s']:.0f}"]
        rows.append([*counts, *latencies, str(one["errors"]), memory])
    computer = recorded["machine"]
    origin = f"Measured over {recorded['seconds']:g} s each on {computer['processor']}, {computer['cores']} cores"
    return "\n".join(
        [*_table(rows), "", f"{origin}, which the clients share; TensorFlow {recorded['versions']['tensorflow']}."]
    )


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
