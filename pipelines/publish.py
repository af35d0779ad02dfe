"""A run as a model for others: `ser-fop publish --model runs/ft --licence "CC BY 4.0" --out saved_models/mine`."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_fop.pipelines import export

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import ExportConfig, PublishConfig
from ser_fop.errors import InputError
from ser_fop.experiments.reporting.runs import Run, figures
from ser_fop.export.model_card import model_card
from ser_fop.export.provenance import history, require_same_recipe
from ser_fop.hub.networks import network_spec
from ser_fop.hub.published import CARD
from ser_fop.utils.json_io import write_json, write_text
from ser_fop.utils.run_folder import CONFIG, METRICS, machine, read_json


def run(config: PublishConfig) -> Path:
    """Write model, config, figures and card beside their place, and rename them into it."""
    place = config.out.resolve()
    if place == config.model.resolve() or (place.exists() and not (place / CARD).exists() and any(place.iterdir())):
        raise InputError(f"--out {config.out} holds something that is no published model. Choose another folder.")
    made = history(config.model)
    require_same_recipe(config.model, list(config.figures))
    require_same_recipe(config.model, list(config.control), pretrained=False)
    spec = network_spec(config.model)
    if (config.figures or config.control) and not spec.labels:
        raise InputError("--figures are those of emotion recognition, and this network knows no emotions.")
    beside, before = (place.with_name(f".{place.name}.{word}") for word in ("partial", "before"))
    shutil.rmtree(beside, ignore_errors=True)
    export.run(ExportConfig(model=config.model, out=beside, check_on=config.check_on))
    for path in beside.glob("*.config"):
        path.unlink()
    learned = read_json(config.model / METRICS)

    def over_folds(folders: Sequence[Path]) -> dict[str, Any]:
        return figures([Run(folder=folder, metrics=read_json(folder / METRICS)) for folder in folders])

    metrics = {
        "figures": over_folds(config.figures),
        "control": over_folds(config.control),
        "pretraining": _skill(learned, hop_s=spec.features.hop_s),
        "parameters": learned["parameters"],
        "seconds": learned["seconds"],
        "machine": machine(),
    }
    described = {
        "name": place.name,
        "licence": config.licence,
        "made_by": config.made_by,
        "notes": config.notes,
        "made": made,
    }
    write_json(beside / CONFIG, described)
    write_json(beside / METRICS, metrics)
    write_text(beside / CARD, model_card(spec, described, metrics))
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():
        place.rename(before)
    beside.rename(place)
    shutil.rmtree(before, ignore_errors=True)
    print(f"{place.name}: model, figures and card -> {config.out}")
    return config.out


def _skill(metrics: dict[str, Any], *, hop_s: float) -> dict[str, Any]:
    """Return what pretraining was worth; empty for a network that was fine-tuned."""
    if "skill" not in metrics:
        return {}
    kept = {key: metrics[key] for key in ("skill", "error", "copy_error", "untrained_skill", "epochs")}
    return {
        **kept,
        "validation_speakers": len(metrics["validation_speakers"]),
        "hours": metrics["frames"] * hop_s / 3600,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("publish", PublishConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
