"""Update the tables and plots of experiments in the pages: `python docs/update_results.py [RUN NAME COMMAND]`.

RUN is a finished `reproduce` folder, COMMAND the command that wrote it. Its tables are stored in
`docs/results/NAME.json`, without the paths of the machine. All pages with the marks of a stored result are then
updated, each with the tables that `PAGES` selects. The page of the studies also has plots of the claims, and the README
six rows of the results.
"""

import functools
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plot_files
from marks import between

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot
from ser_fop.experiments.reporting.names import SOURCES, named
from ser_fop.experiments.reporting.notes import caution
from ser_fop.experiments.reporting.sections import sections
from ser_fop.experiments.reporting.tables import collect_tables

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
# Pages, with the first words of the titles of the tables that they show.
PAGES: dict[str, tuple[str, ...]] = {
    "docs/results/ravdess.md": ("",),
    "docs/lab-notebook/studies.md": ("Table 1 over", "Table 2 over", "Claims"),
    "docs/results/baselines.md": ("Table 3 with", "Table 3:", "Table 1 over", "Table 2 over"),
}
_PATHS = ("out", "audio_dir", "manifest", "unlabelled", "folds", "also", "kept", "compare_with", "cache_dir")


def keep(run: Path, name: str, command: str) -> None:
    """Write `docs/results/NAME.json`."""
    tables = collect_tables(run)
    for one in (tables, *tables["presets"].values()):
        one["config"] = {key: value for key, value in one["config"].items() if key not in _PATHS}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"command": command, **tables}, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def render(path: Path, *, page: str) -> str:
    """Return the command and the tables of a stored result, as Markdown for a page."""
    tables = json.loads(path.read_text(encoding="utf-8"))
    shown = [part for part in sections(tables) if part[0].startswith(PAGES[page])]
    link = os.path.relpath(path, (ROOT / page).parent)
    computer = tables["machine"]
    repeats = f"{tables['repeats']} repeat{'s' if tables['repeats'] > 1 else ''}"
    lines = [
        f"`{tables['command']}`, {repeats}, {computer['cores']} cores ({computer['processor']});"
        f" from [{path.name}]({link}).",
    ]
    if any("paper" in name for _, header, _ in shown for name in header):
        lines[0] += f" **{caution(tables)}**"
    for title, header, rows in shown:
        lines += ["", f"{title}.", "", *_table(header, rows)]
    return "\n".join(lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *rows)]


def claims(path: Path) -> str:
    """Return only the claims of a stored result, as a Markdown table."""
    tables = json.loads(path.read_text(encoding="utf-8"))
    _, header, rows = next(part for part in sections(tables) if part[0].startswith("Claims"))
    return "\n".join(_table(header, rows))


def summary(paths: Sequence[Path]) -> str:
    """Return the claims of several corpora as a Markdown table, with one column for each stored result.

    The last column is the mean over the corpora with the standard error of that mean.
    """
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    seeds = [path.stem.rpartition("_")[2] for path in paths]
    rows = []
    for claim, found in _claims_of(results):
        points = [100 * one["difference"] for one in found]
        limits = [[100 * one["over_speakers"][end] for end in ("low", "high")] for one in found]
        cells = [f"{value:+.2f} [{low:.1f}, {high:.1f}]" for value, (low, high) in zip(points, limits, strict=True)]
        error = f" ± {statistics.stdev(points) / len(points) ** 0.5:.2f}" if len(points) > 1 else ""
        rows.append([claim, *cells, f"{statistics.mean(points):+.2f}{error}"])
    skills = [[row["skill"]["mean"] for row in each["pretraining"]] for each in results]
    for place, row in enumerate(results[0]["pretraining"]):
        values = [one[place] for one in skills]
        cells = [f"{value:+.3f}" for value in values]
        rows.append([f"Skill, {named(SOURCES[row['network']], results[0])}", *cells, f"{statistics.mean(values):+.3f}"])
    header = ["difference in WA, points [95 % interval over speakers]", *(f"seed {seed}" for seed in seeds), "mean"]
    return "\n".join(_table(header, rows))


def _claims_of(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return each claim in words, with what it found in each result."""
    return [
        (
            named(claim["claim"], results[0]),
            [next(one for one in each["claims"] if one["first"] == claim["first"]) for each in results],
        )
        for claim in results[0]["claims"]
    ]


def plots() -> dict[str, str]:
    """Return the plots of docs/lab-notebook/studies.md as SVG elements, by the names of their files."""
    corpora = [json.loads(path.read_text(encoding="utf-8")) for path in _corpora()]
    rows = []
    for claim, found in _claims_of(corpora):
        points = [100 * one["difference"] for one in found]
        rows.append(Dot(name=claim, value=statistics.mean(points), **plot_files.ends(points)))
    label = "points of WA; line: from the least to the greatest corpus"
    return {
        "ravdess_repeats": _claims_plot({"ravdess_repeats": ""}),
        "ravdess_claims": _claims_plot(
            {name: f"{_training_speakers(name)} training speakers: " for name in ("ravdess_claim_few", "ravdess_claim")}
        ),
        "synthetic": dot_plot(rows, reference=0.0, label=label),
    }


def _claims_plot(results: Mapping[str, str]) -> str:
    """Draw the claims of stored results, given by name with the first words of their rows."""
    rows = []
    for name, words in results.items():
        tables = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        for claim in tables["claims"]:
            limits = {end: 100 * claim["over_speakers"][end] for end in ("low", "high")}
            text = words + named(claim["claim"], tables)
            rows.append(Dot(name=text, value=100 * claim["difference"], **limits))
    return dot_plot(rows, reference=0.0, label="points of WA, 95 % intervals over speakers")


def _training_speakers(name: str) -> int:
    """Return how many speakers train or validate in each of the folds of a result."""
    folds = json.loads((ROOT / "pipelines" / "folds" / f"{name}.json").read_text(encoding="utf-8"))["folds"]
    (number,) = {len(fold["train"]) + len(fold["validation"]) for fold in folds}
    return number


def _corpora() -> list[Path]:
    return sorted(RESULTS.glob("synthetic_seed_*.json"))


def update(text: str, *, page: str) -> str:
    """Return a page with its tables generated again.

    Args:
        text: Text of the page.
        page: Name of the page in `PAGES`.
    """
    for path in sorted(RESULTS.glob("*.json")):
        text = between(text, f"result {path.stem}", functools.partial(render, path, page=page))
        text = between(text, f"claims {path.stem}", functools.partial(claims, path))
    return between(text, "synthetic summary", functools.partial(summary, _corpora()))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    elif len(sys.argv) != 1:
        raise SystemExit(__doc__)
    for name in PAGES:
        path = ROOT / name
        path.write_text(update(path.read_text(encoding="utf-8"), page=name), encoding="utf-8")
    plot_files.write(plots())
