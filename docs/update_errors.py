"""Write anew what is right and wrong in docs/studies.md: `python docs/update_errors.py`.

The figures come from the answers of the fine-tuned networks that are kept in `docs/studies/cells/ravdess_repeats`. Ids of
RAVDESS tell intensity (fourth field), statement (fifth) and, with the actor's number, gender.
"""

import csv
import json
import lzma
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from marks import between

ROOT = Path(__file__).resolve().parent.parent
CELLS = ROOT / "docs" / "studies" / "cells" / "ravdess_repeats"
PAGE = ROOT / "docs" / "studies.md"
SYSTEMS = {
    "none": "from scratch",
    "unlabelled": "from LibriSpeech",
    "in_corpus": "from RAVDESS itself",
}
_PAIRS = 4

Answer = dict[str, str]


def answers(system: str) -> list[Answer]:
    """Return the answers of a fine-tuned system, all kept repeats and folds together."""
    found: list[Answer] = []
    for path in sorted(CELLS.glob(f"seed-*/{system}.json.xz")):
        cells = json.loads(lzma.decompress(path.read_bytes()))["cells"]
        for name, files in cells.items():
            if name.endswith(f"/finetune-{system}"):
                found += csv.DictReader(files["predictions.csv"].splitlines())
    return found


def recall(found: Iterable[Answer], right: Callable[[Answer], bool]) -> float:
    """Return the mean over classes of the share that is right."""
    by_class: dict[str, list[bool]] = {}
    for answer in found:
        by_class.setdefault(answer["label"], []).append(right(answer))
    return float(np.mean([np.mean(each) for each in by_class.values()]))


def render() -> str:
    """Return the table."""
    systems = {system: found for system in SYSTEMS if (found := answers(system))}
    repeats = {system: len({answer["seed"] for answer in found}) for system, found in systems.items()}
    header = [f"{SYSTEMS[system]} ({repeats[system]} repeat{'s' if repeats[system] > 1 else ''})" for system in systems]
    lines = [f"| UA % | {' | '.join(header)} |", "|" + "---|" * (len(header) + 1)]
    for part, belongs in _PARTS.items():
        cells = [f"{100 * recall(filter(belongs, found), _is_right):.1f}" for found in systems.values()]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    cells = [f"{100 * recall(found, _is_second):.1f}" for found in systems.values()]
    lines.append(f"| right within the two most probable answers | {' | '.join(cells)} |")
    lines.append(f"| most frequent mistakes, % of the true class | {' | '.join(map(_mistakes, systems.values()))} |")
    return "\n".join(lines)


_PARTS: dict[str, Callable[[Answer], bool]] = {
    "all": lambda answer: True,
    "women": lambda answer: _field(answer, 6) % 2 == 0,
    "men": lambda answer: _field(answer, 6) % 2 == 1,
    "strong intensity (without neutral, which has none)": lambda answer: _field(answer, 3) == 2,
    "normal intensity (without neutral)": lambda answer: _field(answer, 3) == 1 and answer["label"] != "neutral",
    "first statement": lambda answer: _field(answer, 4) == 1,
    "second statement": lambda answer: _field(answer, 4) == 2,
}


def _field(answer: Answer, place: int) -> int:
    return int(answer["id"].split("-")[place])


def _is_right(answer: Answer) -> bool:
    return answer["predicted"] == answer["label"]


def _is_second(answer: Answer) -> bool:
    own = float(answer[f"p_{answer['label']}"])
    return sum(float(value) > own for key, value in answer.items() if key.startswith("p_")) < 2


def _mistakes(found: list[Answer]) -> str:
    classes = Counter(answer["label"] for answer in found)
    pairs = Counter((answer["label"], answer["predicted"]) for answer in found if not _is_right(answer))
    shares = {pair: count / classes[pair[0]] for pair, count in pairs.items()}
    worst = sorted(shares, key=lambda pair: (-shares[pair], pair))[:_PAIRS]
    return ", ".join(f"{true} for {given} {100 * shares[true, given]:.0f}" for true, given in worst)


def update(page: str) -> str:
    """Return the page with its table written anew."""
    return between(page, "errors", render)


if __name__ == "__main__":
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
