"""Measure accuracy under changes of the recording: `ser-fop stress --model M --audio-dir RAVDESS --out runs/stress`."""

import csv
import dataclasses
import sys
import time
from pathlib import Path

from tqdm import tqdm

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import StressConfig
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.reading import read_corpus
from ser_fop.corpora.registry import get_corpus
from ser_fop.errors import InputError, closest
from ser_fop.inference.loading import load
from ser_fop.stress.measure import Outcome, measure_stress
from ser_fop.stress.page import describe, stress_page
from ser_fop.stress.perturbations import PERTURBATIONS, Perturbation
from ser_fop.stress.selection import read_sounds, select_utterances
from ser_fop.utils.json_io import to_plain, write_json, write_text
from ser_fop.utils.run_folder import Stage, machine, versions
from ser_fop.utils.run_once import run_once

FIGURES, TABLE, PAGE = "stress.json", "stress.csv", "stress.html"


def run(config: StressConfig) -> Path:
    """Measure a model, unless the folder is complete."""
    changes = _changes(config)
    return run_once("stress", config, lambda stage: measure(config, changes, stage))


def measure(config: StressConfig, changes: dict[str, Perturbation], stage: Stage) -> Path:
    """Predict the clean and the changed recordings, and write the page, the table and the figures."""
    started = time.perf_counter()
    predictor = load(config.model)
    if not predictor.labels:
        raise InputError(f"--model expected a model with classes, received the pretrained network {config.model}.")
    corpus = get_corpus(config.corpus)
    listing = read_corpus(
        corpus,
        config.audio_dir,
        ReadOptions(manifest=config.manifest, target=config.target or predictor.spec.target),
    )
    chosen = select_utterances(
        listing.utterances,
        predictor.labels,
        renamed=_renamed(config.test_labels),
        speakers=config.speakers,
        limit=config.limit,
        seed=config.seed,
    )
    sounds, problems = read_sounds(chosen, config.audio_dir, sample_rate_hz=predictor.sample_rate_hz)
    for problem in problems:
        print(f"ser-fop stress: {problem}", file=sys.stderr)
    total = 1 + sum(len(change.levels) for change in changes.values())
    found = measure_stress(predictor, sounds, perturbations=changes, seed=config.seed)
    outcomes = list(tqdm(found, total=total, unit="change", desc="stress", disable=None))
    facts = {
        "model": str(config.model),
        "corpus": f"{corpus.title}, {len(sounds)} recordings of {len({sound.speaker for sound in sounds})} speakers",
        "classes": ", ".join(sorted({sound.label for sound in sounds})),
        "machine": machine()["processor"],
        "version of ser_fop": versions().get("ser_fop", ""),
    }
    write_json(stage.folder / FIGURES, {"facts": facts, "outcomes": [to_plain(outcome) for outcome in outcomes]})
    _write_table(stage.folder / TABLE, outcomes)
    write_text(stage.folder / PAGE, stress_page(outcomes, facts=facts))
    clean, worst = outcomes[0], min(outcomes, key=lambda outcome: outcome.ua)
    metrics = {"clean_ua": clean.ua, "worst_ua": worst.ua, "seconds": time.perf_counter() - started}
    out = stage.commit(metrics=metrics, content=[stage.folder / FIGURES])
    print(
        f"{clean.utterances} recordings: UA {100 * clean.ua:.1f} % without a change, {100 * worst.ua:.1f} % with"
        f" {describe(worst)} -> {out / PAGE}"
    )
    return out


def _changes(config: StressConfig) -> dict[str, Perturbation]:
    for name in config.changes:
        if name not in PERTURBATIONS:
            raise InputError(
                f"--changes expected some of {', '.join(PERTURBATIONS)}, received {name!r}."
                f"{closest(name, PERTURBATIONS)}"
            )
    return {name: PERTURBATIONS[name] for name in config.changes or PERTURBATIONS}


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise InputError(f"--test-labels expected THEIRS=OURS, received {pair!r}.")
    return dict(pair.split("=", 1) for pair in pairs)


def _write_table(path: Path, outcomes: list[Outcome]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Outcome)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(outcome) for outcome in outcomes)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("stress", StressConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
