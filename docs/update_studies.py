"""Keep the trials of docs/studies.md: `python docs/update_studies.py [STUDY RUN ...]`.

With the name of a study and finished `pretrain`, `finetune` or `classify` folders, their options and figures are added to
`docs/studies/STUDY.json`, without the paths of the machine. Then the tables of the page are written anew from what is
kept there.
"""

import functools
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from marks import between

from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PrepareConfig, PretrainConfig
from ser_fop.utils.run_folder import read_json, to_plain

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ROOT / "docs" / "studies"
PAGE = ROOT / "docs" / "studies.md"
_NOT_OPTIONS = (
    "records",
    "hypercolumns",
    "out",
    "pretrained",
    "corpus",
    "audio_dir",
    "jobs",
    "fold",
    "folds",
    "seed",
    "patience",
)
_FIGURES = ("fold", "seed", "ua", "wa", "n", "transductive", "parameters", "seconds")
# What tells one trial of a study from another.
_NAMES = ("options", "feature", "fold", "seed")


def keep(study: str, runs: list[Path]) -> None:
    """Add runs to a study; one that is there already is replaced."""
    path = STUDIES / f"{study}.json"
    trials = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for run in runs:
        trial = _TRIALS[read_json(run / "config.json")["stage"]](run)
        trials = [kept for kept in trials if any(kept.get(key) != trial.get(key) for key in _NAMES)] + [trial]
    trials.sort(key=lambda trial: [str(trial.get(key)) for key in _NAMES])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(trials, indent=1) + "\n", encoding="utf-8")


def _learned(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    folders = [Path(folder) for folder in found["config"]["records"]]
    return {
        "options": _line({**_prepared(folders[0]), **_pretrained(run)}),
        "seed": found["seed"],
        "skill": metrics["skill"],
        "untrained_skill": metrics["untrained_skill"],
        "skill_by_horizon": metrics["skill_by_horizon"],
        "epochs": metrics["epochs"],
        "parameters": metrics["parameters"],
        "minutes": metrics["seconds"] / 60,
        "git_revision": found["git_revision"],
        "versions": found["versions"],
    }


def _finetuned(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    options = _prepared(Path(found["config"]["records"]))
    if found["config"]["pretrained"]:
        options |= _pretrained(Path(found["config"]["pretrained"]))
    options["finetune"] = _differing(found["config"], FinetuneConfig(records=Path(), out=Path()))
    chosen = metrics["chosen"]
    return {
        "options": _line(options),
        **{key: metrics[key] for key in _FIGURES},
        "validation_accuracy": chosen["val_accuracy"],
        "epoch": chosen["best_epoch"],
        "git_revision": found["git_revision"],
        "versions": found["versions"],
    }


def _classified(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    config = found["config"]
    extracted = read_json(Path(config["hypercolumns"]) / "config.json")
    pretrained = Path(extracted["sources"]["pretrained"])
    bare = {"out": Path(), "records": Path(), "pretrained": Path()}
    options = {
        **_prepared(Path(extracted["sources"]["records"])),
        **_pretrained(pretrained),
        "extract": _differing(extracted["config"], ExtractConfig(**bare)),
        "classify": _differing(config, ClassifyConfig(hypercolumns=Path(), out=Path())),
    }
    options["classify"].pop("--feature", None)
    learned = read_json(pretrained / "metrics.json")
    return {
        "options": _line(options),
        "feature": config["feature"],
        "seed": read_json(pretrained / "config.json")["seed"],
        "ua": metrics["ua"],
        "wa": metrics["wa"],
        "n": metrics["n"],
        "transductive": metrics["transductive"],
        "skill": learned["skill"] if learned["epochs"] else None,
        "parameters": learned["parameters"],
        "minutes_of_pretraining": learned["seconds"] / 60,
        "git_revision": found["git_revision"],
        "versions": found["versions"],
    }


_TRIALS = {"pretrain": _learned, "finetune": _finetuned, "classify": _classified}


def _prepared(records: Path) -> dict[str, dict[str, Any]]:
    config = read_json(records / "config.json")["config"]
    return {"prepare": _differing(config, PrepareConfig(corpus="", audio_dir=Path(), out=Path()))}


def _pretrained(run: Path) -> dict[str, dict[str, Any]]:
    """Return how a network was pretrained, the corpora by name."""
    config = read_json(run / "config.json")["config"]
    heard = [read_json(Path(folder) / "config.json")["config"]["corpus"] for folder in config["records"]]
    return {"pretrain": {"--records": " ".join(heard), **_differing(config, PretrainConfig(records=(), out=Path()))}}


def _line(options: dict[str, dict[str, Any]]) -> str:
    return "; ".join(" ".join([stage, *_words(values)]) for stage, values in options.items() if values)


def _differing(config: dict[str, Any], default: Any) -> dict[str, Any]:
    """Return the options that are not the default, by flag."""
    flat, plain = _flat(config), _flat(to_plain(default))
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
    def written(value: Any) -> str:
        return " ".join(map(str, value)) if isinstance(value, list) else str(value)

    return [flag if value is True else f"{flag} {written(value)}" for flag, value in values.items()]


def table(study: str) -> str:
    """Return a study's table: a line for each set of options, the best first (of fine-tuning, on validation speakers; of pretraining, by skill)."""
    trials = json.loads((STUDIES / f"{study}.json").read_text(encoding="utf-8"))
    sets: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        sets.setdefault(trial["options"], []).append(trial)
    if "feature" in trials[0]:
        return "\n".join(_features(sets))
    return "\n".join(_skills(sets) if "skill" in trials[0] else _folds(sets))


def _skills(sets: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a line for each way of pretraining: how well held-out speakers' frames are predicted, seeds side by side."""
    lines = ["| options | skill | untrained | epochs | minutes | parameters |", "|---|---|---|---|---|---|"]

    def written(trial: dict[str, Any]) -> str:
        horizons = [f"{horizons} ahead {skill:+.3f}" for horizons, skill in trial["skill_by_horizon"].items()]
        return " / ".join(horizons) or f"{trial['skill']:+.3f}"

    for options, held in sorted(sets.items(), key=lambda item: -max(trial["skill"] for trial in item[1])):
        columns = [", ".join(map(written, held)), f"{held[0]['untrained_skill']:+.2f}"]
        columns += [", ".join(str(trial["epochs"]) for trial in held)]
        columns += [f"{statistics.mean(trial['minutes'] for trial in held):.0f}", f"{held[0]['parameters']:,}"]
        lines.append(f"| `{options}` | {' | '.join(columns)} |")
    return lines


def _features(sets: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a line for each way of pretraining, a column for each feature, seeds side by side."""
    names = sorted({trial["feature"] for held in sets.values() for trial in held})
    lines = [
        "| options | skill | " + " | ".join(f"{name}, WA %" for name in names) + " | minutes | parameters |",
        "|" + "---|" * (len(names) + 4),
    ]

    def best(held: list[dict[str, Any]]) -> float:
        return max(trial["wa"] for trial in held)

    for options, held in sorted(sets.items(), key=lambda item: -best(item[1])):
        by_seed = {trial["seed"]: trial for trial in held}
        skills = ", ".join("" if one["skill"] is None else f"{one['skill']:+.3f}" for one in by_seed.values())
        cells = [", ".join(f"{100 * one['wa']:.1f}" for one in held if one["feature"] == name) for name in names]
        minutes = statistics.mean(one["minutes_of_pretraining"] for one in by_seed.values())
        lines.append(
            f"| `{options}`{_stamp(held)} | {skills} | {' | '.join(cells)} | {minutes:.0f} | {held[0]['parameters']:,} |"
        )
    return lines


def _folds(sets: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a line for each way of fine-tuning, its folds side by side."""
    lines = [
        "| options | test UA % by fold | mean | validation accuracy % | epoch kept | parameters |",
        "|---|---|---|---|---|---|",
    ]

    def validated(held: list[dict[str, Any]]) -> float:
        return 100 * statistics.mean(trial["validation_accuracy"] or 0.0 for trial in held)

    for options, held in sorted(sets.items(), key=lambda item: -validated(item[1])):
        by_fold = ", ".join(f"{trial['fold']}: {100 * trial['ua']:.1f}" for trial in held)
        mean = 100 * statistics.mean(trial["ua"] for trial in held)
        validation = f"{validated(held):.1f}" if validated(held) else "trained on"
        epochs = ", ".join(str(trial["epoch"]) for trial in held)
        lines.append(
            f"| `{options}`{_stamp(held)} | {by_fold} | {mean:.1f} | {validation} | {epochs} | {held[0]['parameters']:,} |"
        )
    return lines


def _stamp(held: list[dict[str, Any]]) -> str:
    return " (transductive)" if any(trial["transductive"] for trial in held) else ""


def update(page: str) -> str:
    """Return the page with its tables written anew."""
    for path in sorted(STUDIES.glob("*.json")):
        page = between(page, path.stem, functools.partial(table, path.stem))
    return page


if __name__ == "__main__":
    if len(sys.argv) > 2:
        keep(sys.argv[1], [Path(name) for name in sys.argv[2:]])
    elif len(sys.argv) == 2:
        raise SystemExit(__doc__)
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
