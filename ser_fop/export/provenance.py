"""Provenance of a run: its previous stages, and the comparison of its recipe with other runs."""

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
_RECORDED_KEYS = ("stage", "config", "corpora", "versions", "git_revision")
# Settings that define a recipe. The others are inputs, outputs and seeds.
_RECIPE_SETTINGS = ("model", "training")
# Settings that affect the speed but not the recipe.
_IGNORED_SETTINGS = ("training.precision",)


def history(run: Path) -> list[dict[str, Any]]:
    """Return the config and the library versions of a run and of its pretraining.

    Args:
        run: Run folder of `pretrain` or `finetune`, of one or of all folds, or a published model.

    Returns:
        One dictionary per stage, the first stage first.

    Raises:
        InputError: If a run is missing, unfinished or has changed.
    """
    run = resolve_published(run)
    if (run / CARD).exists():
        return read_json(run / CONFIG)["made"]
    config = require_complete(run, STAGES)
    folds = sorted(run.glob("fold-*"))
    stage_config = read_json(folds[0] / CONFIG) if folds else config
    pretrained = stage_config["config"].get("pretrained")
    digests = stage_config.get("inputs", {}).get("pretrained")
    if pretrained and digests and [network_digest(Path(pretrained))] != digests:
        raise InputError(
            f"{run} was pretrained by {pretrained}: expected that network there, received another network. If the path"
            " is relative, run the command in the original folder."
        )
    stage = {key: config[key] for key in _RECORDED_KEYS if key in config}
    stage["config"] = {key: value for key, value in stage["config"].items() if not _absolute(value)}
    return [*(history(Path(pretrained)) if pretrained else []), stage]


def require_same_recipe(run: Path, others: list[Path], *, pretrained: bool = True) -> None:
    """Check that the figures of other runs are valid for the recipe of a run.

    Each stage must have the same settings, classes and styles. The other runs must have tested speakers, those of all
    folds or of one. These must be unseen, and must not be used for selection.

    Args:
        run: The run.
        others: Runs that tested speakers.
        pretrained: If True, the other runs must have the same pretraining. If False, they must be trained from
            scratch.

    Raises:
        InputError: If another run has a different recipe, or its figures are not valid.
    """
    expected = _recipes(run)
    if others and not pretrained:  # a run from scratch has the settings of the network in its own stage
        size = {key: value for key, value in expected.pop("pretrain", {}).items() if key.startswith("model.")}
        expected["finetune"] = {**expected["finetune"], **size}
    for other in others:
        _require_valid_figures(run, other)
        settings = _recipes(other)
        for stage in sorted(set(expected) | set(settings)):
            ours, theirs = expected.get(stage, {}), settings.get(stage, {})
            for key in sorted(set(ours) | set(theirs)):
                if key not in _IGNORED_SETTINGS and ours.get(key) != theirs.get(key):
                    raise InputError(
                        f"{key} of {stage} expected {ours.get(key)!r} as in {run}, received {theirs.get(key)!r} in"
                        f" {other}. Give runs of the same recipe."
                    )


def _require_valid_figures(run: Path, other: Path) -> None:
    metrics, config = (read_json(other / name) for name in (METRICS, CONFIG))
    ours = read_json(run / CONFIG)["config"]
    if "selected_on" not in metrics:
        raise InputError(
            f"expected figures of a run that tested speakers, received {other}, which tested none. Run it with --fold all."
        )
    if metrics["transductive"] or metrics["selected_on"] != "validation":
        raise InputError(
            f"the figures of {other} are not valid: the test speakers were seen in training or used for selection."
        )
    if list(metrics["labels"]) != list(read_json(run / METRICS)["labels"]):
        raise InputError(f"expected figures for the classes of {run}, received {other}, which has other classes.")
    for key in ("styles", "test_records", "test_labels"):
        if (config["config"].get(key) or None) != (ours.get(key) or None):
            raise InputError(
                f"expected figures for the test set of {run}, received {other}: --{key.replace('_', '-')} differs."
            )


def _recipes(run: Path) -> dict[str, Mapping[str, Any]]:
    """Return the settings of a run and of its pretraining, by stage. Options that the run lacks get defaults."""
    settings = {}
    for stage in history(run):
        defaults = to_plain({"model": ModelConfig(), "training": _SETTINGS[stage["stage"]]()})
        settings[stage["stage"]] = {
            **flattened(defaults),
            **flattened({key: stage["config"][key] for key in _RECIPE_SETTINGS}),
        }
    return settings


def _absolute(value: Any) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, str) and Path(one).is_absolute() for one in values)
