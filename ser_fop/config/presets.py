"""Presets: named sets of settings.

`paper` is the set of defaults. `recommended` is a YAML file of the package.
"""

import importlib.resources
from collections.abc import Mapping
from typing import Any

import yaml

from ser_fop.errors import InputError, closest

PAPER = "paper"
# For each stage, the groups of a preset by config field. With `""`, the keys of the group are fields themselves.
_STAGES: dict[str, dict[str, str]] = {
    "prepare": {"": "prepare", "features": "features"},
    "pretrain": {"model": "model", "training": "pretraining"},
    "finetune": {"model": "model", "training": "finetuning"},
    "extract": {"": "extract"},
    "classify": {"settings": "classifiers"},
    "probe": {"classifiers": "classifiers", "finetuning": "finetuning"},
    "tune": {"model": "model", "pretraining": "pretraining", "finetuning": "finetuning"},
}
_GROUPS = ("features", "model", "pretraining", "finetuning", "classifiers")


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets."""
    files = (importlib.resources.files("ser_fop.config") / "preset_files").iterdir()
    return (PAPER, *sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def has_preset(stage: str) -> bool:
    """Return True if presets have settings for a stage."""
    return stage == "reproduce" or stage in _STAGES


def preset(name: str, stage: str) -> dict[str, Any]:
    """Return the settings of a preset for a stage, in the form of the stage's config file.

    Args:
        name: Name of the preset.
        stage: Name of the stage.

    Raises:
        InputError: If the preset is unknown, or the stage has no presets.
    """
    names = preset_names()
    if name not in names:
        raise InputError(f"--preset expected one of {', '.join(names)}, received {name!r}.{closest(name, names)}")
    if not has_preset(stage):
        raise InputError(
            f"--preset expected one of the stages {', '.join([*_STAGES, 'reproduce'])}, received {stage!r}."
        )
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
    """Merge the settings of a config file over its preset.

    Args:
        values: Content of the config file. The key `preset` names its preset.
        stage: Name of the stage.
        where: Path of the file, for messages.
        chosen: Preset of the command line. It replaces the preset of the file.

    Returns:
        The settings of the preset, overridden by those of the file.

    Raises:
        InputError: If the preset is unknown.
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
    """Merge two nested mappings of settings: `above` overrides `below`, key by key."""
    found = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found
