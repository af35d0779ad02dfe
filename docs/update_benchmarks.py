"""Update the measured tables of the pages: `python docs/update_benchmarks.py`.

The tables are generated from five files, which these commands write:

- benchmarks/results.json: `python -m benchmarks --record`
- benchmarks/roofline.md: `python -m benchmarks.roofline --record`
- benchmarks/serving.json: `python -m benchmarks.serving MODELS --record`
- benchmarks/streaming.json: `python -m benchmarks.streaming --record`
- benchmarks/scaling.json: `python -m benchmarks.scaling RAVDESS --record`
"""

import json
from pathlib import Path
from typing import Any

from marks import between

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
SERVING = ROOT / "benchmarks" / "serving.json"
STREAMING = ROOT / "benchmarks" / "streaming.json"
SCALING = ROOT / "benchmarks" / "scaling.json"
PAGES = (
    "docs/results/speed.md",
    "docs/lab-notebook/performance.md",
    "docs/how-to/scale.md",
    "docs/how-to/stream.md",
    "docs/how-to/serve.md",
)
# Projections, which are not measured: hours of speech, and epochs of a training.
PROJECTED_HOURS = (1_000, 100_000)
_EPOCHS = 40
# With fewer hours, the start-up time of a stage hides the cost of an hour of speech.
_MIN_HOURS = 10
_NOT_RUN: dict[str, Any] = {"seconds": None}
ROOFLINE = ROOT / "benchmarks" / "roofline.md"


def update(page: str, text: str) -> str:
    """Return the text of a page with its tables generated again.

    Args:
        page: Name of the page in `PAGES`.
        text: Text of the page.
    """
    shown = summary if page == "docs/results/speed.md" else details
    text = between(text, "benchmarks", lambda: shown(json.loads(RESULTS.read_text(encoding="utf-8"))))
    text = between(text, "serving", lambda: serving(json.loads(SERVING.read_text(encoding="utf-8"))))
    text = between(text, "streaming", lambda: streaming(json.loads(STREAMING.read_text(encoding="utf-8"))))
    text = between(text, "scaling", lambda: scaling(json.loads(SCALING.read_text(encoding="utf-8"))))
    return between(text, "roofline", lambda: ROOFLINE.read_text(encoding="utf-8").strip())


def summary(recorded: dict[str, Any]) -> str:
    """Return one table with the speed of each benchmark relative to each other implementation."""
    rows = [["benchmark", "unit", "ours", "ours / theirs: median (min to max)"], ["---"] * 4]
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
    """Return one table for each benchmark, with the range of its measurements, its memory and its command."""
    lines = []
    for key, one in recorded.items():
        lines += [f"### {key}", "", f"{one['title']} `{one['command']}`, {one['rounds']} rounds.", ""]
        rows = [["implementation", one["unit"], "ours / theirs", "peak memory, GiB"], ["---"] * 4]
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
    """Return duration, memory and disk space of each stage by corpus size, and a projection for larger corpora."""
    found = {(one["stage"], one["hours"]): one for one in recorded["measured"]}
    stages, sizes = list(dict.fromkeys(stage for stage, _ in found)), sorted({hours for _, hours in found})
    columns = [
        "stage",
        *(f"{hours:g} h, s" for hours in sizes),
        "s per additional hour",
        *(f"{hours:g} h, GiB" for hours in sizes),
    ]
    rows = [[*columns, "disk per hour, MB"], ["---"] * (len(columns) + 1)]
    projected = [["stage", *(f"{hours:,} h" for hours in PROJECTED_HOURS)], ["---"] * (1 + len(PROJECTED_HOURS))]
    for stage in stages:
        measured = [found.get((stage, hours), _NOT_RUN) for hours in sizes]
        finished = [one for one in measured if one["seconds"] is not None]
        slope = None
        if len(finished) > 1 and finished[-1]["hours"] >= _MIN_HOURS:
            before, last = finished[-2:]
            slope = (last["seconds"] - before["seconds"]) / (last["hours"] - before["hours"])
        seconds = [_figure(one["seconds"]) if one["seconds"] is not None else "not finished" for one in measured]
        memory = [f"{one['peak_gib']:.2f}" if one["seconds"] is not None else "" for one in measured]
        disk = f"{finished[-1]['disk_mb'] / finished[-1]['hours']:.3g}" if finished else ""
        rows.append([stage, *seconds, "" if slope is None else f"{slope:.2g}", *memory, disk])
        if slope is None or stage.startswith("classify"):
            continue
        passes = _EPOCHS if stage in ("pretrain", "finetune") else 1
        name = f"{stage}, {passes} epochs" if passes > 1 else stage
        projected.append([name, *(f"{slope * passes * hours / 86400:,.3g} days" for hours in PROJECTED_HOURS)])
    disk = found["prepare", sizes[-1]]["disk_mb"] / sizes[-1]
    projected.append(["disk for the records", *(f"{disk * hours / 1000:,.4g} GB" for hours in PROJECTED_HOURS)])
    computer = recorded["machine"]
    origin = f"{computer['processor']}, {computer['cores']} cores; TensorFlow {recorded['versions']['tensorflow']}"
    lines = [*_table(rows), "", f"Measured once on {origin}."]
    if len(projected) > 3:
        lines += ["", "Projection for this machine, from the cost of an additional hour:", "", *_table(projected)]
    else:
        lines[-1] += " Slopes and projections to 1,000 and 100,000 hours need measurements of at least ten hours."
    return "\n".join(lines)


def serving(recorded: dict[str, Any]) -> str:
    """Return throughput, latency and memory of the server, with and without batching."""
    rows = [["maximum batch size", "clients", "responses / s", "p50", "p95", "p99, ms", "errors", "memory, MB"]]
    rows.append(["---"] * len(rows[0]))
    for one in recorded["measured"]:
        latencies = [f"{one[f'p{share}_ms']:.0f}" for share in (50, 95, 99)]
        memory = f"{one['warm_mb']:.0f} after warm-up, {one['end_mb']:.0f} at the end"
        counts = [str(one["batch"]), str(one["clients"]), f"{one['answers_per_s']:.0f}"]
        rows.append([*counts, *latencies, str(one["errors"]), memory])
    computer = recorded["machine"]
    origin = f"Measured over {recorded['seconds']:g} s each on {computer['processor']}, {computer['cores']} cores"
    return "\n".join(
        [*_table(rows), "", f"{origin}, shared with the clients; TensorFlow {recorded['versions']['tensorflow']}."]
    )


def streaming(recorded: dict[str, Any]) -> str:
    """Return the cost of one stream by the size of its chunks, of an endless one, and of many WebSocket streams."""
    rows = [["runtime", "chunk, ms", "ms for 10 ms of sound", "p99 of a chunk, ms", "real-time factor"], ["---"] * 5]
    for one in recorded["chunks"]:
        figures = (one["ms_per_hop"], one["p99_ms"], one["real_time_factor"])
        rows.append([one["runtime"], str(one["chunk_ms"]), *(_figure(value) for value in figures)])
    first, last = recorded["endless"][0], recorded["endless"][-1]
    computer = recorded["machine"]
    return "\n".join(
        [
            *_table(rows),
            "",
            *(
                f"- `ser-fop stream --runtime {one['runtime']}` prints its first line {one['first_line_s']:.2g} s after its"
                f" start. Its first emotion of the package's recording comes after {one['heard_s']:.2g} s of sound."
                for one in recorded["start"]
            ),
            f"- An endless stream costs {_figure(first['ms_per_s'])} ms a second of sound in its first"
            f" {first['hours']:.2g} h and {_figure(last['ms_per_s'])} ms after {last['hours']:.3g} h; the process has"
            f" {first['mb']:.0f} and {last['mb']:.0f} MB.",
            *(
                f"- {one['streams']} WebSocket streams in real time for {one['seconds']:g} s: {one['answers']} answers to"
                f" chunks of 100 ms, {one['missing']} missing; p50 {_figure(one['p50_ms'])} ms, p99"
                f" {_figure(one['p99_ms'])} ms. The clients share the cores."
                for one in recorded["sockets"]
            ),
            "- {connections} connections at once, of which the server allows 50: {answered} were answered, {refused} refused"
            " with a message to try again later.".format(**recorded["crowd"]),
            "",
            f"Measured once on {computer['processor']}, {computer['cores']} cores; TensorFlow"
            f" {recorded['versions']['tensorflow']}.",
        ]
    )


def _table(rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in rows]


def _origin(recorded: dict[str, Any]) -> str:
    """Return the machines and library versions of the measurements."""
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
