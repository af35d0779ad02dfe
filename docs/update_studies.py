"""Update the tables and plots of docs/lab-notebook/studies.md: `python docs/update_studies.py [STUDY RUN ...]`.

Each RUN is a finished `pretrain`, `finetune` or `classify` folder. Its options and figures are added to
`docs/studies/STUDY.json`, without the paths of the machine. All tables of the page and their plots are then generated
from the stored studies.
"""

import functools
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import plot_files
from marks import between
from study_parts import STUDIES, Trials, part_of, tables_of, trials_of
from study_plots import mean_of_features, plots

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PretrainConfig
from ser_fop.utils.run_folder import read_json, to_plain
from ser_fop.utils.stored_paths import stored_paths

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "lab-notebook" / "studies.md"
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
# Keys that identify a trial of a study.
_IDENTITY = ("options", "feature", "fold", "seed")


def keep(study: str, runs: list[Path]) -> None:
    """Add runs to a study; a run with the same options, feature, fold and seed replaces the stored one."""
    path = STUDIES / f"{study}.json"
    trials = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for run in runs:
        trial = _TRIALS[read_json(run / "config.json")["stage"]](run)
        trials = [one for one in trials if any(one.get(key) != trial.get(key) for key in _IDENTITY)] + [trial]
    trials.sort(key=lambda trial: [str(trial.get(key)) for key in _IDENTITY])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(trials, indent=1) + "\n", encoding="utf-8")


def _pretraining_trial(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    folders = [Path(folder) for folder in found["config"]["records"]]
    return {
        "options": _line({**_prepare_options(folders[0]), **_pretrain_options(run)}),
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


def _finetuning_trial(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    options = _prepare_options(stored_paths(found["config"]["records"])[0])
    if found["config"]["pretrained"]:
        options |= _pretrain_options(Path(found["config"]["pretrained"]))
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


def _classifier_trial(run: Path) -> dict[str, Any]:
    found, metrics = read_json(run / "config.json"), read_json(run / "metrics.json")
    config = found["config"]
    extracted = read_json(stored_paths(config["hypercolumns"])[0] / "config.json")
    pretrained = Path(extracted["sources"]["pretrained"])
    paths = {"out": Path(), "records": Path(), "pretrained": Path()}
    options = {
        **_prepare_options(Path(extracted["sources"]["records"])),
        **_pretrain_options(pretrained),
        "extract": _differing(extracted["config"], ExtractConfig(**paths)),
        "classify": _differing(config, ClassifyConfig(hypercolumns=Path(), out=Path())),
    }
    options["classify"].pop("--feature", None)
    pretraining = read_json(pretrained / "metrics.json")
    return {
        "options": _line(options),
        "feature": config["feature"],
        "seed": read_json(pretrained / "config.json")["seed"],
        "ua": metrics["ua"],
        "wa": metrics["wa"],
        "n": metrics["n"],
        "transductive": metrics["transductive"],
        "skill": pretraining["skill"] if pretraining["epochs"] else None,
        "parameters": pretraining["parameters"],
        "minutes_of_pretraining": pretraining["seconds"] / 60,
        "git_revision": found["git_revision"],
        "versions": found["versions"],
    }


_TRIALS = {"pretrain": _pretraining_trial, "finetune": _finetuning_trial, "classify": _classifier_trial}


def _prepare_options(records: Path) -> dict[str, dict[str, Any]]:
    config = read_json(records / "config.json")["config"]
    return {"prepare": _differing(config, PrepareConfig(corpus="", audio_dir=Path(), out=Path()))}


def _pretrain_options(run: Path) -> dict[str, dict[str, Any]]:
    """Return the options of a pretraining, with the names of its corpora."""
    config = read_json(run / "config.json")["config"]
    corpora = [read_json(Path(folder) / "config.json")["config"]["corpus"] for folder in config["records"]]
    return {"pretrain": {"--records": " ".join(corpora), **_differing(config, PretrainConfig(records=(), out=Path()))}}


def _line(options: dict[str, dict[str, Any]]) -> str:
    return "; ".join(" ".join([stage, *_arguments(values)]) for stage, values in options.items() if values)


def _differing(config: dict[str, Any], default: Any) -> dict[str, Any]:
    """Return the options that differ from the defaults, by flag."""
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


def _arguments(values: dict[str, Any]) -> list[str]:
    def formatted(value: Any) -> str:
        return " ".join(map(str, value)) if isinstance(value, list) else str(value)

    return [flag if value is True else f"{flag} {formatted(value)}" for flag, value in values.items()]


def table(name: str) -> str:
    """Return the table of a study, or of a part of it, as Markdown, with one line for each set of options, best first.

    Pretraining is ranked by skill, fine-tuning by accuracy on validation speakers, classifiers by WA.

    Args:
        name: Name of the study; a space and the name of a part may follow.
    """
    study, _, part = name.partition(" ")
    sets = part_of(study, part) if part else trials_of(study)
    first = next(iter(sets.values()))[0]
    if "feature" in first:
        return "\n".join(_features(sets))
    return "\n".join(_skills(sets) if "skill" in first else _folds(sets))


def _skills(sets: Trials) -> list[str]:
    """Return one line for each pretraining: its skill on held-out speakers, for each seed."""
    lines = ["| options | skill | untrained | epochs | minutes | parameters |", "|---|---|---|---|---|---|"]

    def formatted(trial: dict[str, Any]) -> str:
        skills = [f"{horizon} ahead {skill:+.3f}" for horizon, skill in trial["skill_by_horizon"].items()]
        return " / ".join(skills) or f"{trial['skill']:+.3f}"

    for options, trials in sorted(sets.items(), key=lambda item: -max(trial["skill"] for trial in item[1])):
        columns = [", ".join(map(formatted, trials)), f"{trials[0]['untrained_skill']:+.2f}"]
        columns += [", ".join(str(trial["epochs"]) for trial in trials)]
        columns += [f"{statistics.mean(trial['minutes'] for trial in trials):.0f}", f"{trials[0]['parameters']:,}"]
        lines.append(f"| `{options}` | {' | '.join(columns)} |")
    return lines


def _features(sets: Trials) -> list[str]:
    """Return one line for each pretraining, with one column for each feature and one value for each seed."""
    names = sorted({trial["feature"] for trials in sets.values() for trial in trials})
    lines = [
        "| options | skill | " + " | ".join(f"{name}, WA %" for name in names) + " | mean | minutes | parameters |",
        "|" + "---|" * (len(names) + 5),
    ]

    def best(trials: list[dict[str, Any]]) -> float:
        return max(trial["wa"] for trial in trials)

    for options, trials in sorted(sets.items(), key=lambda item: -best(item[1])):
        by_seed = {trial["seed"]: trial for trial in trials}
        skills = ", ".join("" if one["skill"] is None else f"{one['skill']:+.3f}" for one in by_seed.values())
        cells = [", ".join(f"{100 * one['wa']:.1f}" for one in trials if one["feature"] == name) for name in names]
        cells.append(f"{mean_of_features(trials):.1f}")
        minutes = statistics.mean(one["minutes_of_pretraining"] for one in by_seed.values())
        parameters = f"{trials[0]['parameters']:,}"
        lines.append(f"| `{options}`{_stamp(trials)} | {skills} | {' | '.join(cells)} | {minutes:.0f} | {parameters} |")
    return lines


def _folds(sets: Trials) -> list[str]:
    """Return one line for each fine-tuning, with one value for each fold."""
    lines = [
        "| options | test UA % by fold | mean | validation accuracy % | selected epoch | parameters |",
        "|---|---|---|---|---|---|",
    ]

    def validation_accuracy(trials: list[dict[str, Any]]) -> float:
        return 100 * statistics.mean(trial["validation_accuracy"] or 0.0 for trial in trials)

    for options, trials in sorted(sets.items(), key=lambda item: -validation_accuracy(item[1])):
        by_fold = ", ".join(f"{trial['fold']}: {100 * trial['ua']:.1f}" for trial in trials)
        mean = 100 * statistics.mean(trial["ua"] for trial in trials)
        accuracy = f"{validation_accuracy(trials):.1f}" if validation_accuracy(trials) else "used for training"
        epochs = ", ".join(str(trial["epoch"]) for trial in trials)
        parameters = f"{trials[0]['parameters']:,}"
        lines.append(f"| `{options}`{_stamp(trials)} | {by_fold} | {mean:.1f} | {accuracy} | {epochs} | {parameters} |")
    return lines


def _stamp(trials: list[dict[str, Any]]) -> str:
    return " (transductive)" if any(trial["transductive"] for trial in trials) else ""


def update(page: str) -> str:
    """Return the page with its tables generated again."""
    for path in sorted(STUDIES.glob("*.json")):
        for name in tables_of(path.stem):
            page = between(page, name, functools.partial(table, name))
    return page


if __name__ == "__main__":
    if len(sys.argv) > 2:
        keep(sys.argv[1], [Path(name) for name in sys.argv[2:]])
    elif len(sys.argv) == 2:
        raise SystemExit(__doc__)
    text = update(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8")
    plot_files.write(plots(text))
