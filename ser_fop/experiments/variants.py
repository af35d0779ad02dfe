"""The same experiment with other settings, for additional tables."""

import dataclasses
from pathlib import Path

from ser_fop.config.presets import over_preset, preset
from ser_fop.config.yaml_io import from_mapping, read_yaml
from ser_fop.errors import InputError, closest
from ser_fop.experiments.config_diff import METHOD
from ser_fop.experiments.jobs import audio_dir
from ser_fop.experiments.reproduce_config import ReproduceConfig

FOLDER = "presets"
# Keys of the amount of work, which a file may set too.
_AMOUNT = ("repeats", "repeats_of", "cross_validation")


def variant_experiments(config: ReproduceConfig) -> list[ReproduceConfig]:
    """Return the experiments of `config.compare_with`, without those that have the same settings as `config`.

    They have the same corpora, folds and seeds. They have the same number of repeats unless a file sets another.

    Args:
        config: Config of the experiment.

    Raises:
        InputError: If a preset, a file or a key of a file is unknown.
    """
    found = []
    for name in config.compare_with:
        other = _variant(name, config)
        if any(getattr(other, field) != getattr(config, field) for field in METHOD):
            found.append(other)
    return found


def _variant(name: str, config: ReproduceConfig) -> ReproduceConfig:
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
    parsed = from_mapping(ReproduceConfig, values, where=name)
    changes = {field: getattr(parsed, field) for field in known if field in METHOD or field in values}
    out = config.out / FOLDER / (path.stem if file else name)
    cache_dir = config.cache_dir / FOLDER / out.name if config.cache_dir else None
    return dataclasses.replace(
        config,
        **changes,
        out=out,
        audio_dir=audio_dir(config),
        compare_with=(),
        systems=(),
        cross_corpus=(),
        cache_dir=cache_dir,
    )
