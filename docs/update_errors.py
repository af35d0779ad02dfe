"""Update the error analysis and its plot in docs/lab-notebook/studies.md: `python docs/update_errors.py`.

The figures come from the predictions of the fine-tuned networks in `docs/studies/cells/ravdess_repeats`. The ids of
RAVDESS contain intensity (fourth field), statement (fifth field) and actor (seventh field; even numbers are women).
"""

import csv
import json
import lzma
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import plot_files
from marks import between

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot

ROOT = Path(__file__).resolve().parent.parent
CELLS = ROOT / "docs" / "studies" / "cells" / "ravdess_repeats"
PAGE = ROOT / "docs" / "lab-notebook" / "studies.md"
SYSTEMS = {
    "none": "from scratch",
    "unlabelled": "from LibriSpeech",
    "in_corpus": "from RAVDESS itself",
}
_PAIRS = 4

Row = dict[str, str]


def predictions(system: str) -> list[Row]:
    """Return the predictions of a fine-tuned system, over all stored repeats and folds."""
    found: list[Row] = []
    for path in sorted(CELLS.glob(f"seed-*/{system}.json.xz")):
        jobs = json.loads(lzma.decompress(path.read_bytes()))["cells"]
        for name, files in jobs.items():
            if name.endswith(f"/finetune-{system}"):
                found += csv.DictReader(files["predictions.csv"].splitlines())
    return found


def recall(rows: Iterable[Row], is_correct: Callable[[Row], bool]) -> float:
    """Return the mean over classes of the share of correct predictions."""
    by_class: dict[str, list[bool]] = {}
    for row in rows:
        by_class.setdefault(row["label"], []).append(is_correct(row))
    return float(np.mean([np.mean(one) for one in by_class.values()]))


def render() -> str:
    """Return the table as Markdown."""
    systems = {system: rows for system in SYSTEMS if (rows := predictions(system))}
    repeats = {system: len({row["seed"] for row in rows}) for system, rows in systems.items()}
    header = [f"{SYSTEMS[system]} ({repeats[system]} repeat{'s' if repeats[system] > 1 else ''})" for system in systems]
    lines = [f"| UA % | {' | '.join(header)} |", "|" + "---|" * (len(header) + 1)]
    for part, belongs in _PARTS.items():
        cells = [f"{100 * recall(filter(belongs, rows), _is_correct):.1f}" for rows in systems.values()]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    cells = [f"{100 * recall(rows, _is_in_top_two):.1f}" for rows in systems.values()]
    lines.append(f"| true class among the two most probable | {' | '.join(cells)} |")
    lines.append(f"| most frequent errors, % of the true class | {' | '.join(map(_mistakes, systems.values()))} |")
    return "\n".join(lines)


_PARTS: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "women": lambda row: _field(row, 6) % 2 == 0,
    "men": lambda row: _field(row, 6) % 2 == 1,
    "strong intensity (without neutral, which has none)": lambda row: _field(row, 3) == 2,
    "normal intensity (without neutral)": lambda row: _field(row, 3) == 1 and row["label"] != "neutral",
    "first statement": lambda row: _field(row, 4) == 1,
    "second statement": lambda row: _field(row, 4) == 2,
}


def _field(row: Row, index: int) -> int:
    return int(row["id"].split("-")[index])


def _is_correct(row: Row) -> bool:
    return row["predicted"] == row["label"]


def _is_in_top_two(row: Row) -> bool:
    true = float(row[f"p_{row['label']}"])
    return sum(float(value) > true for key, value in row.items() if key.startswith("p_")) < 2


def _mistakes(rows: list[Row]) -> str:
    classes = Counter(row["label"] for row in rows)
    pairs = Counter((row["label"], row["predicted"]) for row in rows if not _is_correct(row))
    shares = {pair: count / classes[pair[0]] for pair, count in pairs.items()}
    worst = sorted(shares, key=lambda pair: (-shares[pair], pair))[:_PAIRS]
    return ", ".join(f"{true} as {predicted} {100 * shares[true, predicted]:.0f}" for true, predicted in worst)


def plots() -> dict[str, str]:
    """Return the plot of the recall of each part as an SVG element, by the name of its file."""
    scratch, pretrained = predictions("none"), predictions("unlabelled")
    rows = []
    for part, belongs in _PARTS.items():
        dot, mark = (100 * recall(filter(belongs, rows_of), _is_correct) for rows_of in (scratch, pretrained))
        rows.append(Dot(name=f"{part.partition(' (')[0]} (from LibriSpeech: {mark:.1f})", value=dot, mark=mark))
    label = "UA, %; dot: from scratch, diamond: from LibriSpeech"
    return {"ravdess_errors": dot_plot(rows, reference=None, label=label)}


def update(page: str) -> str:
    """Return the page with its table generated again."""
    return between(page, "errors", render)


if __name__ == "__main__":
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    plot_files.write(plots())
