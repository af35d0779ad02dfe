"""Publish a run as a model folder with a model card: `ser-fop publish --model runs/ft --licence "CC BY 4.0" --out saved_models/mine`."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_fop.pipelines import export
from ser_fop.pipelines.stress import FIGURES

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import ExportConfig, PublishConfig
from ser_fop.errors import InputError
from ser_fop.experiments.reporting.plots import risk_coverage_plot
from ser_fop.experiments.reporting.runs import Run, figures
from ser_fop.export.calibration import calibrate_on
from ser_fop.export.card_sections import RISK_COVERAGE_PLOT
from ser_fop.export.model_card import model_card
from ser_fop.export.provenance import history, require_same_recipe
from ser_fop.hub.networks import network_spec
from ser_fop.hub.published import CARD
from ser_fop.utils.json_io import write_json, write_text
from ser_fop.utils.run_folder import CONFIG, METRICS, machine, read_json, require_complete


def run(config: PublishConfig) -> Path:
    """Publish a run: write model, config, metrics and model card, and return the folder.

    All files are written to a hidden folder first, which then replaces `--out`.
    """
    target = config.out.resolve()
    if target == config.model.resolve() or (target.exists() and not (target / CARD).exists() and any(target.iterdir())):
        raise InputError(
            f"--out expected an empty folder or a published model; {config.out} holds other files. Choose another folder."
        )
    made = history(config.model)
    require_same_recipe(config.model, list(config.figures))
    require_same_recipe(config.model, list(config.control), pretrained=False)
    for folder in config.stress:
        require_complete(folder, ("stress",))
    if config.coverage != 1 and not config.figures:
        raise InputError(
            f"--coverage {config.coverage:g} expected --figures, the runs whose predictions tell the threshold, received"
            " none. Add it, or drop --coverage."
        )
    cross_corpus = read_json(config.cross_corpus) if config.cross_corpus else []
    probe = _probe(config.probe)
    spec = network_spec(config.model)
    if (config.figures or config.control) and not spec.labels:
        raise InputError(
            "--figures and --control need a classifier, and --model is a network without emotion labels. Drop both options."
        )
    partial, previous = (target.with_name(f".{target.name}.{word}") for word in ("partial", "before"))
    shutil.rmtree(partial, ignore_errors=True)
    found = calibrate_on(config.figures, spec.labels, coverage=config.coverage) if config.figures else None
    export.run(ExportConfig(model=config.model, out=partial, check_on=config.check_on), calibration=found)
    if found:
        write_text(partial / RISK_COVERAGE_PLOT, risk_coverage_plot(found.figures["risk_coverage"]))
    for path in partial.glob("*.config"):
        path.unlink()
    trained = read_json(config.model / METRICS)

    def pooled_figures(folders: Sequence[Path]) -> dict[str, Any]:
        return figures([Run(folder=folder, metrics=read_json(folder / METRICS)) for folder in folders])

    metrics = {
        "figures": pooled_figures(config.figures),
        "control": pooled_figures(config.control),
        "calibration": dataclasses.asdict(found) if found else {},
        "cross_corpus": cross_corpus,
        "stress": [read_json(folder / FIGURES) for folder in config.stress],
        "probe": probe,
        "pretraining": _skill(trained, hop_s=spec.features.hop_s),
        "parameters": trained["parameters"],
        "seconds": trained["seconds"],
        "machine": machine(),
    }
    description = {
        "name": target.name,
        "licence": config.licence,
        "made_by": config.made_by,
        "notes": config.notes,
        "made": made,
    }
    write_json(partial / CONFIG, description)
    write_json(partial / METRICS, metrics)
    write_text(partial / CARD, model_card(spec, description, metrics))
    shutil.rmtree(previous, ignore_errors=True)
    if target.exists():
        target.rename(previous)
    partial.rename(target)
    shutil.rmtree(previous, ignore_errors=True)
    print(f"{target.name}: model, figures and card -> {config.out}")
    return config.out


def _probe(path: Path | None) -> dict[str, Any]:
    """Return the figures of a probe; an empty dict without one."""
    if path is None:
        return {}
    figures = read_json(path)
    if not isinstance(figures, dict) or not {"gains", "scores", "chance"} <= set(figures):
        raise InputError(f"--probe expected the file probe.json of `ser-fop probe`, received {path}.")
    return figures


def _skill(metrics: dict[str, Any], *, hop_s: float) -> dict[str, Any]:
    """Return the figures of pretraining; an empty dict for a network that was fine-tuned."""
    if "skill" not in metrics:
        return {}
    selected = {key: metrics[key] for key in ("skill", "error", "copy_error", "untrained_skill", "epochs")}
    return {
        **selected,
        "validation_speakers": len(metrics["validation_speakers"]),
        "hours": metrics["frames"] * hop_s / 3600,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("publish", PublishConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
