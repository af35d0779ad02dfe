"""The parts of the stored studies: each part has the trials that answer one question of the studies page."""

import json
from pathlib import Path
from typing import Any

STUDIES = Path(__file__).resolve().parent / "studies"

# Parts of each study, by the name of the study. A study without parts is one table.
PARTS: dict[str, tuple[str, ...]] = {
    "pretraining_development": ("gain", "horizons", "backbones", "input", "training"),
    "finetuning_development": ("pretraining", "length"),
}
# The line with preset `recommended`, as the study of hypercolumns stores it.
RECOMMENDED = (
    "prepare --trim-silence; pretrain --records librispeech --dropout 0.3 --stacked-frames 4 --horizons 4"
    " --schedule cosine --chunk-frames 256 --epochs 20 --precision bfloat16; extract --pooling mean_std"
)
# Options that change how a network is trained, but not its hidden states before training.
_TRAINING = (
    "--records",
    "--dropout",
    "--horizons",
    "--loss",
    "--freq-mask",
    "--time-mask",
    "--schedule",
    "--warmup-share",
    "--chunk-frames",
    "--epochs",
    "--precision",
)
_INPUT = ("--trim-silence", "--normalised-by", "--hop-s", "--pooling", "--freq-mask", "--stacked-frames")

Trial = dict[str, Any]
Trials = dict[str, list[Trial]]


def trials_of(study: str) -> Trials:
    """Return the trials of a study by their options."""
    found: Trials = {}
    for trial in json.loads((STUDIES / f"{study}.json").read_text(encoding="utf-8")):
        found.setdefault(trial["options"], []).append(trial)
    return found


def part_of(study: str, part: str) -> Trials:
    """Return the trials of a part by their options. The lines to compare with are in several parts."""
    return {options: trials for options, trials in trials_of(study).items() if part in _parts(study, options)}


def tables_of(study: str) -> list[str]:
    """Return the names of the tables of a study: the study, or the study with each of its parts."""
    return [f"{study} {part}" for part in PARTS.get(study, ())] or [study]


def flags(options: str) -> dict[str, str]:
    """Return the values of the options by flag; the names of the stages are left out."""
    found = {}
    for stage in options.split("; "):
        for option in stage.split(" --")[1:]:
            flag, _, value = option.partition(" ")
            found[f"--{flag}"] = value
    return found


def differences(options: str) -> dict[str, str | None]:
    """Return the flags that differ from preset `recommended`, with their values; None for a flag left out."""
    found, usual = flags(options), flags(RECOMMENDED)
    changed: dict[str, str | None] = {flag: value for flag, value in found.items() if usual.get(flag) != value}
    return changed | {flag: None for flag in usual if flag not in found}


def shape(options: str) -> tuple[tuple[str, str], ...]:
    """Return the options on which the hidden states of an untrained network depend."""
    return tuple(sorted((flag, value) for flag, value in flags(options).items() if flag not in _TRAINING))


def is_untrained(options: str) -> bool:
    """Return whether a line is a network that was not trained."""
    return flags(options).get("--epochs") == "0"


def _parts(study: str, options: str) -> tuple[str, ...]:
    if study == "finetuning_development":
        return ("length",) if "--keep last" in options else ("pretraining",)
    changed = differences(options)
    if not changed or (is_untrained(options) and changed.keys() <= {"--epochs", "--dropout"}):
        return PARTS[study]
    if changed == {"--dropout": "0.1", "--epochs": "30"}:
        # The distant horizons have these settings.
        return "horizons", "training"
    if "--backbone" in changed:
        return ("backbones",)
    if "--horizons" in changed and "--hop-s" not in changed and changed.get("--stacked-frames", "") is not None:
        return ("horizons",)
    return ("input",) if changed.keys() & set(_INPUT) else ("training",)
