"""The same experiment under other settings, for additional rows."""

import dataclasses
from pathlib import Path

from ser_fop.config.presets import over_preset, preset
from ser_fop.config.yaml_io import from_mapping, read_yaml
from ser_fop.errors import InputError, closest
from ser_fop.experiments.config_diff import METHOD
from ser_fop.experiments.jobs import audio_dir
from ser_fop.experiments.reproduce_config import ReproduceConfig

FOLDER = "presets"
# How much is run, which a file may say too.
_AMOUNT = ("repeats", "repeats_of", "cross_validation")


def variant_experiments(config: ReproduceConfig) -> list[ReproduceConfig]:
    """Return the experiments that `config.compare_with` asks for, without those whose settings are the experiment's own.

    Corpora, folds and seeds are the same; so is how often it is repeated, unless a file says otherwise.

    Args:
        config: The experiment.

    Raises:
        InputError: If a preset or a file is unknown, or a file's key is.
    """
    found = []
    for name in config.compare_with:
        other = _beside(name, config)
        if any(getattr(other, field) != getattr(config, field) for field in METHOD):
            found.append(other)
    return found


def _beside(name: str, config: ReproduceConfig) -> ReproduceConfig:
    path = Path(name)
    file = path.suffix in (".yaml", ".yml")
    values = read_yaml(path) if file else preset(name, "reproduce")
    values = over_preset(values, "reproduce", where=name)
    known = (*METHOD, *_AMOUNT)
    for key in values:
        if key not in known:
            raise InputError(
                f"{name}: unknown key {key!r}: expected one of {', '.join(known)}.{closest(str(key), known)}"
            )
    told = from_mapping(ReproduceConfig, values, where=name)
    said = [field for field in known if field in METHOD or field in values]
    out = config.out / FOLDER / (path.stem if file else name)
    kept = config.cache_dir / FOLDER / out.name if config.cache_dir else None
    changes = {field: getattr(told, field) for field in said}
    return dataclasses.replace(
        config, **changes, out=out, audio_dir=audio_dir(config), compare_with=(), systems=(), cache_dir=kept
    )
