"""Named settings: `paper`, which the defaults are, and `recommended`, which comes as a file."""

import importlib.resources
from collections.abc import Mapping
from typing import Any

import yaml

from ser_fop.errors import InputError, closest

PAPER = "paper"
# Which groups of settings a stage takes, by the name of its field; `""` puts a group's own keys in place.
_STAGES: dict[str, dict[str, str]] = {
    "prepare": {"": "prepare", "features": "features"},
    "pretrain": {"model": "model", "training": "pretraining"},
    "finetune": {"model": "model", "training": "finetuning"},
    "extract": {"": "extract"},
    "classify": {"settings": "classifiers"},
    "tune": {"model": "model", "pretraining": "pretraining", "finetuning": "finetuning"},
}
_GROUPS = ("features", "model", "pretraining", "finetuning", "classifiers")


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets."""
    files = (importlib.resources.files("ser_fop.config") / "preset_files").iterdir()
    return (PAPER, *sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def has_preset(stage: str) -> bool:
    """Tell whether presets say anything to a stage."""
    return stage == "reproduce" or stage in _STAGES


def preset(name: str, stage: str) -> dict[str, Any]:
    """Return what a preset tells a stage, as a config file of that stage would.

    Args:
        name: Its name.
        stage: The stage.

    Raises:
        InputError: If there is no such preset, or the stage has none.
    """
    names = preset_names()
    if name not in names:
        raise InputError(f"--preset expected one of {', '.join(names)}, received {name!r}.{closest(name, names)}")
    if not has_preset(stage):
        raise InputError(f"--preset: stage {stage!r} has none; {', '.join([*_STAGES, 'reproduce'])} have.")
    if name == PAPER:
        return {}
    source = importlib.resources.files("ser_fop.config") / "preset_files" / f"{name}.yaml"
    groups = yaml.safe_load(source.read_text(encoding="utf-8"))
    if stage == "reproduce":
        flat = {**groups.get("prepare", {}), **groups.get("extract", {})}
        return flat | {group: groups[group] for group in _GROUPS if group in groups}
    found: dict[str, Any] = {}
    for field, group in _STAGES[stage].items():
        if group in groups:
            found |= {field: groups[group]} if field else groups[group]
    return found


def over_preset(values: Mapping[str, Any], stage: str, *, where: str, chosen: str | None = None) -> dict[str, Any]:
    """Return what a file says over the preset that it names as `preset`.

    Args:
        values: The file's keys.
        stage: The stage that reads them.
        where: The file, for messages.
        chosen: A preset that takes the place of the file's own.

    Raises:
        InputError: If there is no such preset.
    """
    own = {key: value for key, value in values.items() if key != "preset"}
    named = values.get("preset", PAPER)
    if named not in preset_names():
        raise InputError(
            f"{where}: preset expected one of {', '.join(preset_names())}, received {named!r}."
            + closest(str(named), preset_names())
        )
    if chosen is None and "preset" not in values:
        return own
    return merged(preset(chosen or named, stage), own)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which those of `above` stand over those of `below`, group by group."""
    found = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found
