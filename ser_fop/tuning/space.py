"""Search spaces: YAML to KerasTuner hyperparameters, and their values to settings."""

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
    """Return the search space of a config.

    The default of each hyperparameter is the config's value, or the first valid one if that is outside the space.

    Args:
        config: Config of the search.

    Raises:
        InputError: If the file names an unknown setting, or describes a setting in an invalid way.
    """
    path = space_file(config)
    known = settings_of(config)
    space = keras_tuner.HyperParameters()
    for name, spec in read_yaml(path).items():
        if config.pretrained and str(name).startswith("model."):
            if config.space is None:
                continue
            raise InputError(
                f"{path}: {name} is fixed by the pretrained network. Remove it from the space, or omit --pretrained."
            )
        if name not in known:
            raise InputError(
                f"{path} expected settings of {config.task}, received {name!r}.{closest(str(name), known)}"
            )
        _add(space, name, spec, default=known[name], where=str(path))
    if not space.space:
        raise InputError(f"{path} expected settings to search, received none.")
    with_values(config, {one.name: one.default for one in space.space})  # raises on a wrong type
    return space


def settings_of(config: TuneConfig) -> dict[str, Any]:
    """Return the values of all settings of the task, by dotted name; a list of one value becomes that value."""
    groups = to_plain({"model": config.model, config.task: getattr(config, config.task)})
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in flattened(groups).items()
    }


def with_values(config: TuneConfig, values: Mapping[str, Any]) -> TuneConfig:
    """Return a copy of a config with other values.

    Args:
        config: Config of a search.
        values: New values, by dotted name of the setting.

    Raises:
        InputError: If a value has the wrong type.
    """
    plain = to_plain(config)
    for name, value in values.items():
        *groups, key = name.split(".")
        target = plain
        for group in groups:
            target = target[group]
        target[key] = [value] if isinstance(target[key], list) else value
    return from_mapping(TuneConfig, plain, where="the search space")


def _add(space: keras_tuner.HyperParameters, name: str, spec: Any, *, default: Any, where: str) -> None:
    kinds = [kind for kind in _KINDS if isinstance(spec, dict) and kind in spec]
    if len(kinds) != 1 or set(spec) - {kinds[0], "step", "log"}:
        raise InputError(
            f"{where}: {name} expected one of {{choice: [..]}}, {{int: [low, high]}}, {{float: [low, high]}}, {{bool: true}}"
            f" (with step, or log: true), received {spec!r}."
        )
    (kind,) = kinds
    given = spec[kind]
    try:
        if kind == "choice":
            space.Choice(name, given, default=default if default in given else given[0])
        elif kind == "bool":
            space.Boolean(name, default=bool(default))
        else:
            low, high = given
            sampling = "log" if spec.get("log") else "linear"
            inside = isinstance(default, int | float) and low <= default <= high
            options = {"step": spec.get("step"), "sampling": sampling, "default": default if inside else low}
            (space.Int if kind == "int" else space.Float)(name, low, high, **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {name}: {error}") from error


def space_file(config: TuneConfig) -> Path:
    """Return the YAML file of the search space: the user's, or the default one of the task."""
    packaged = importlib.resources.files("ser_fop.pipelines") / "spaces" / f"{config.task}.yaml"
    return config.space or Path(str(packaged))
