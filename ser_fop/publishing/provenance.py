"""How a run came to be: the stages before it, and whether others were made alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_fop.artifacts import CONFIG, METRICS, read_json, require_complete
from ser_fop.errors import InputError
from ser_fop.json_files import builtins, flattened
from ser_fop.published import CARD, published
from ser_fop.settings import FinetuningSettings, ModelConfig, PretrainingSettings

_SETTINGS = {"pretrain": PretrainingSettings, "finetune": FinetuningSettings}
STAGES = tuple(_SETTINGS)
_KEPT = ("stage", "config", "versions", "git_revision")
# What makes a recipe; the rest says from what, where and with which chance.
_RECIPE = ("model", "training")
# A cost, and none of what is learned.
_FREE = ("training.precision",)


def history(run: Path) -> list[dict[str, Any]]:
    """Return config and versions of a run and of the pretraining that it began with, the first stage first.

    Args:
        run: Folder of `pretrain` or `finetune`, over all folds too; or a published model.

    Raises:
        InputError: If one of them is missing or unfinished.
    """
    run = published(run)
    if (run / CARD).exists():
        return read_json(run / CONFIG)["made"]
    config = require_complete(run, STAGES)
    folds = sorted(run.glob("fold-*"))
    before = (read_json(folds[0] / CONFIG) if folds else config)["config"].get("pretrained")
    told = {key: config[key] for key in _KEPT if key in config}
    told["config"] = {key: value for key, value in told["config"].items() if not _absolute(value)}
    return [*(history(Path(before)) if before else []), told]


def require_same_recipe(run: Path, others: list[Path]) -> None:
    """Raise `InputError` unless figures of other runs may stand for this one: each stage had the same settings.

    Args:
        run: The run.
        others: Runs over all folds.
    """
    wanted = _recipes(run)
    for other in others:
        found = _recipes(other)
        for stage in sorted(set(wanted) | set(found)):
            ours, theirs = wanted.get(stage, {}), found.get(stage, {})
            for key in sorted(set(ours) | set(theirs)):
                if key not in _FREE and ours.get(key) != theirs.get(key):
                    raise InputError(
                        f"the figures of {other} are another recipe's: {key} of {stage} is {theirs.get(key)!r} there and"
                        f" {ours.get(key)!r} in {run}."
                    )
        if "folds" not in read_json(other / METRICS):
            raise InputError(f"the figures of {other} are of one fold: expected a run with --fold all.")


def _recipes(run: Path) -> dict[str, Mapping[str, Any]]:
    """Return, by stage, the settings of a run and of its pretraining; an option younger than the run has its default."""
    found = {}
    for told in history(run):
        defaults = builtins({"model": ModelConfig(), "training": _SETTINGS[told["stage"]]()})
        found[told["stage"]] = {**flattened(defaults), **flattened({key: told["config"][key] for key in _RECIPE})}
    return found


def _absolute(value: Any) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, str) and Path(one).is_absolute() for one in values)
