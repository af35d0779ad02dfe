"""Keep the trials of docs/studies.md: `python docs/update_studies.py [STUDY RUN ...]`.

With the name of a study and finished `finetune` folders, their options and figures are added to
`docs/studies/STUDY.json`, without the paths of the machine. Then the tables of the page are written anew from what is
kept there.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from ser_fop.artifacts import builtins, read_json
from ser_fop.config import FinetuneConfig, PrepareConfig

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ROOT / "docs" / "studies"
PAGE = ROOT / "docs" / "studies.md"
_NOT_OPTIONS = ("records", "out", "pretrained", "corpus", "audio_dir", "jobs", "fold", "folds", "seed", "patience")
_FIGURES = ("fold", "seed", "ua", "wa", "n", "transductive", "parameters", "seconds")


def keep(study: str, runs: list[Path]) -> None:
    """Add runs to a study; one that is there already is replaced."""
    path = STUDIES / f"{study}.json"
    trials = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for run in runs:
        trial = _trial(run)
        same = ("options", "fold", "seed")
        trials = [kept for kept in trials if any(kept[key] != trial[key] for key in same)] + [trial]
    trials.sort(key=lambda trial: (trial["options"], trial["fold"], trial["seed"]))
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(trials, indent=1) + "\n", encoding="utf-8")


def _trial(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    prepared = read_json(Path(found["config"]["records"]) / "config.json")
    bare = {"records": Path(), "out": Path()}
    options = {
        "prepare": _differing(prepared["config"], PrepareConfig(corpus="", audio_dir=Path(), out=Path())),
        "finetune": _differing(found["config"], FinetuneConfig(**bare)),
    }
    if found["config"]["pretrained"]:
        options["finetune"]["--pretrained"] = Path(found["config"]["pretrained"]).name
    chosen = metrics["chosen"]
    return {
        "options": "; ".join(" ".join([stage, *_words(values)]) for stage, values in options.items()),
        **{key: metrics[key] for key in _FIGURES},
        "validation_accuracy": chosen["val_accuracy"],
        "epoch": chosen["best_epoch"],
        "git_revision": found["git_revision"],
        "versions": found["versions"],
    }


def _differing(config: dict[str, Any], default: Any) -> dict[str, Any]:
    """Return the options that are not the default, by flag."""
    flat, plain = _flat(config), _flat(builtins(default))
    return {
        "--" + key.replace("_", "-"): value
        for key, value in flat.items()
        if key not in _NOT_OPTIONS and value != plain.get(key, value)
    }


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= _flat(value) if isinstance(value, dict) else {key: value}
    return found


def _words(values: dict[str, Any]) -> list[str]:
    return [flag if value is True else f"{flag} {value}" for flag, value in values.items()]


def table(study: str) -> str:
    """Return a study's table: a line for each set of options, the best on the validation speakers first."""
    trials = json.loads((STUDIES / f"{study}.json").read_text(encoding="utf-8"))
    sets: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        sets.setdefault(trial["options"], []).append(trial)
    lines = [
        "| options | test UA % by fold | mean | validation accuracy % | epoch kept | parameters |",
        "|---|---|---|---|---|---|",
    ]
    for options, held in sorted(
        sets.items(), key=lambda item: -statistics.mean(trial["validation_accuracy"] for trial in item[1])
    ):
        by_fold = ", ".join(f"{trial['fold']}: {100 * trial['ua']:.1f}" for trial in held)
        mean, validation = (
            100 * statistics.mean(trial[key] for trial in held) for key in ("ua", "validation_accuracy")
        )
        epochs = ", ".join(str(trial["epoch"]) for trial in held)
        stamp = " (transductive)" if any(trial["transductive"] for trial in held) else ""
        lines.append(
            f"| `{options}`{stamp} | {by_fold} | {mean:.1f} | {validation:.1f} | {epochs} | {held[0]['parameters']:,} |"
        )
    return "\n".join(lines)


def update(page: str) -> str:
    """Return the page with its tables written anew."""
    for path in sorted(STUDIES.glob("*.json")):
        start, end = f"<!-- {path.stem} -->", f"<!-- /{path.stem} -->"
        if start in page:
            before, _, rest = page.partition(start)
            page = f"{before}{start}\n{table(path.stem)}\n{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    if len(sys.argv) > 2:
        keep(sys.argv[1], [Path(name) for name in sys.argv[2:]])
    elif len(sys.argv) == 2:
        raise SystemExit(__doc__)
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
