"""Where an experiment leaves preset `paper`, which the defaults are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.json_io import flattened, to_plain

# What decides figures; the rest says where, how often and how fast.
METHOD = ("trim_silence", "pooling", "features", "model", "pretraining", "finetuning", "classifiers")


def config_diff(config: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the settings that are not the paper's (or, where it is silent, the default), with both values.

    Args:
        config: The config of `reproduce`, as in `config.json`.
    """
    ours = flattened({key: config[key] for key in METHOD if key in config})
    paper = flattened(to_plain(ReproduceConfig(out=Path())))
    return {key: (value, paper[key]) for key, value in ours.items() if key in paper and value != paper[key]}
