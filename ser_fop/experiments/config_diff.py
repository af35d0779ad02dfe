"""Differences between an experiment's settings and preset `paper`, which is the default."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.json_io import flattened, to_plain

# The settings that decide the figures; the others set paths, repeats and speed.
METHOD = ("trim_silence", "renditions", "pooling", "features", "model", "pretraining", "finetuning", "classifiers")


def config_diff(config: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ from the paper's, or from the defaults if the paper does not specify them.

    Args:
        config: Config of `reproduce`, as in `config.json`.

    Returns:
        The value in `config` and the paper's value, by dotted name of the setting.
    """
    ours = flattened({key: config[key] for key in METHOD if key in config})
    paper = flattened(to_plain(ReproduceConfig(out=Path())))
    return {key: (value, paper[key]) for key, value in ours.items() if key in paper and value != paper[key]}
