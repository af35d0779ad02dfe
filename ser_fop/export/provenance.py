"""How a run came to be: the stages before it, and whether others were made alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_fop.config.settings import FinetuningSettings, ModelConfig, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.hub.networks import network_digest
from ser_fop.hub.published import CARD, resolve_published
from ser_fop.utils.json_io import flattened, to_plain
from ser_fop.utils.run_folder import CONFIG, METRICS, read_json, require_complete

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
        InputError: If one of them is missing, unfinished, or has changed.
    """
    run = resolve_published(run)
    if (run / CARD).exists():
        return read_json(run / CONFIG)["made"]
    config = require_complete(run, STAGES)
    folds = sorted(run.glob("fold-*"))
    nearest = read_json(folds[0] / CONFIG) if folds else config
    before = nearest["config"].get("pretrained")
    digests = nearest.get("inputs", {}).get("pretrained")
    if before and digests and [network_digest(Path(before))] != digests:
        raise InputError(f"{run} began with {before}, but another network stands there now (or seen from this folder).")
    told = {key: config[key] for key in _KEPT if key in config}
    told["config"] = {key: value for key, value in told["config"].items() if not _absolute(value)}
    return [*(history(Path(before)) if before else []), told]


def require_same_recipe(run: Path, others: list[Path], *, pretrained: bool = True) -> None:
    """Raise `InputError` unless figures of other runs may stand for this one.

    Each stage had the same settings, classes and styles. All folds were tested, on speakers that no network had seen and
    that chose nothing.

    Args:
        run: The run.
        others: Runs over all folds.
        pretrained: Whether they began as it did; if not, from scratch.
    """
    wanted = _recipes(run)
    if others and not pretrained:  # from scratch its size is its own; that of the pretrained one came with it
        size = {key: value for key, value in wanted.pop("pretrain", {}).items() if key.startswith("model.")}
        wanted["finetune"] = {**wanted["finetune"], **size}
    for other in others:
        _require_honest(run, other)
        found = _recipes(other)
        for stage in sorted(set(wanted) | set(found)):
            ours, theirs = wanted.get(stage, {}), found.get(stage, {})
            for key in sorted(set(ours) | set(theirs)):
                if key not in _FREE and ours.get(key) != theirs.get(key):
                    raise InputError(
                        f"the figures of {other} are another recipe's: {key} of {stage} is {theirs.get(key)!r} there and"
                        f" {ours.get(key)!r} in {run}."
                    )


def _require_honest(run: Path, other: Path) -> None:
    metrics, config = (read_json(other / name) for name in (METRICS, CONFIG))
    ours = read_json(run / CONFIG)["config"]
    if "folds" not in metrics:
        raise InputError(f"the figures of {other} are of one fold: expected a run with --fold all.")
    if metrics["transductive"] or metrics["selected_on"] != "validation":
        raise InputError(f"the figures of {other} are no results: it heard its test speakers, or chose by them.")
    if list(metrics["labels"]) != list(read_json(run / METRICS)["labels"]):
        raise InputError(f"the figures of {other} are of other classes than those of {run}.")
    for key in ("styles", "test_records", "test_labels"):
        if (config["config"].get(key) or None) != (ours.get(key) or None):
            raise InputError(f"the figures of {other} are of another test: --{key.replace('_', '-')} differs.")


def _recipes(run: Path) -> dict[str, Mapping[str, Any]]:
    """Return, by stage, the settings of a run and of its pretraining; an option younger than the run has its default."""
    found = {}
    for told in history(run):
        defaults = to_plain({"model": ModelConfig(), "training": _SETTINGS[told["stage"]]()})
        found[told["stage"]] = {**flattened(defaults), **flattened({key: told["config"][key] for key in _RECIPE})}
    return found


def _absolute(value: Any) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, str) and Path(one).is_absolute() for one in values)
