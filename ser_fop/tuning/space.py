"""What a search may change: YAML to KerasTuner's hyperparameters, and their values to settings."""

import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras_tuner

from ser_fop.config.yaml_io import from_mapping, read_yaml
from ser_fop.errors import InputError, closest
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.json_io import flattened, to_plain

_KINDS = ("choice", "int", "float", "bool")


def space_of(config: TuneConfig) -> keras_tuner.HyperParameters:
    """Return the space that a search goes through; each default is the config's own value.

    Raises:
        InputError: If the file names what is no setting of the task, or says of one what cannot be.
    """
    path = space_file(config)
    known = settings_of(config)
    space = keras_tuner.HyperParameters()
    for name, described in read_yaml(path).items():
        if config.pretrained and str(name).startswith("model."):
            if config.space is None:
                continue
            raise InputError(f"{path}: {name} is the pretrained network's own. Leave it out, or --pretrained.")
        if name not in known:
            raise InputError(f"{path}: {name!r} is no setting of {config.task}.{closest(str(name), known)}")
        _add(space, name, described, default=known[name], where=str(path))
    if not space.space:
        raise InputError(f"{path} expected settings to search, received none.")
    with_values(config, {one.name: one.default for one in space.space})  # a wrong type fails before any work
    return space


def settings_of(config: TuneConfig) -> dict[str, Any]:
    """Return the values of all settings that the task has, by dotted name; of a list of one, that one."""
    groups = to_plain({"model": config.model, config.task: getattr(config, config.task)})
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in flattened(groups).items()
    }


def with_values(config: TuneConfig, values: Mapping[str, Any]) -> TuneConfig:
    """Return a config with other values in it.

    Args:
        config: The config.
        values: By dotted name.

    Raises:
        InputError: If one is of the wrong type.
    """
    plain = to_plain(config)
    for name, value in values.items():
        *groups, key = name.split(".")
        place = plain
        for group in groups:
            place = place[group]
        place[key] = [value] if isinstance(place[key], list) else value
    return from_mapping(TuneConfig, plain, where="the search space")


def _add(space: keras_tuner.HyperParameters, name: str, described: Any, *, default: Any, where: str) -> None:
    kinds = [kind for kind in _KINDS if isinstance(described, dict) and kind in described]
    if len(kinds) != 1 or set(described) - {kinds[0], "step", "log"}:
        raise InputError(
            f"{where}: {name} expected one of {{choice: [..]}}, {{int: [low, high]}}, {{float: [low, high]}}, {{bool: true}}"
            f" (with step, or log: true), received {described!r}."
        )
    (kind,) = kinds
    given = described[kind]
    try:
        if kind == "choice":
            space.Choice(name, given, default=default if default in given else given[0])
        elif kind == "bool":
            space.Boolean(name, default=bool(default))
        else:
            low, high = given
            sampling = "log" if described.get("log") else "linear"
            inside = isinstance(default, int | float) and low <= default <= high
            options = {"step": described.get("step"), "sampling": sampling, "default": default if inside else low}
            (space.Int if kind == "int" else space.Float)(name, low, high, **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {name}: {error}") from error


def space_file(config: TuneConfig) -> Path:
    """Return the file that says what is searched: the user's, or the task's own."""
    packaged = importlib.resources.files("ser_fop.pipelines") / "spaces" / f"{config.task}.yaml"
    return config.space or Path(str(packaged))
