"""Run the paper's whole experiment: `ser-fop reproduce --corpus ravdess --audio-dir DIR --repeats 20 --out runs/paper`.

The same command resumes an interrupted experiment.
"""

import time
from pathlib import Path
from typing import Any

from ser_fop.pipelines import classify, extract, finetune, functionals, prepare, pretrain

from ser_fop.cli import run_stage
from ser_fop.corpora.folds import folds_digest, read_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.scores import chance_scores
from ser_fop.experiments.checks import check_jobs
from ser_fop.experiments.job_cache import FOLDS, JobCache
from ser_fop.experiments.jobs import Sizes, preparation_jobs, unlabelled_corpus
from ser_fop.experiments.parallel import run_in_parallel
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reporting.write import write_report
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.experiments.runner import projected_s, run_jobs
from ser_fop.experiments.variants import variant_experiments
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.training.throughput import measure_rates
from ser_fop.utils.run_folder import claim_folder, write_json

RUNNERS = {
    "prepare": prepare.run,
    "functionals": functionals.run,
    "pretrain": pretrain.run,
    "finetune": finetune.run,
    "extract": extract.run,
    "classify": classify.run,
}


def run(config: ReproduceConfig) -> Path:
    """Run every job that the tables need, under each of the settings asked for, and write the report."""
    started = time.perf_counter()
    beside = variant_experiments(config)
    for one in (config, *beside):
        _check(one)
    # All projected hours are printed before the first is spent.
    plans = [(one, _planned(one)) for one in (config, *beside)]
    for one, planned in plans:
        _train(one, planned)
    for one in beside:
        write_report(one.out)
    page = write_report(config.out)
    print(f"{(time.perf_counter() - started) / 60:.1f} minutes -> {page}")
    return page


def _check(config: ReproduceConfig) -> None:
    """Raise `InputError` where an experiment cannot be run, before any work; claim its folder."""
    if min(config.repeats, config.workers) < 1:
        received = f"{config.repeats} and {config.workers}"
        raise InputError(f"--repeats and --workers expected at least 1, received {received}.")
    preparation_jobs(config)
    (first, *_) = training_jobs(config, Sizes(labelled_frames=0, unlabelled_frames=0, folds=1))
    check_jobs(first, config.features)  # it has every job that any repeat has
    extendable = ("compare_with", "systems", "dev_speakers", "repeats", "repeats_of", "workers", "cache_dir")
    claim_folder("reproduce", out=config.out, config=config, extendable=extendable)


def _planned(config: ReproduceConfig) -> tuple[list[list[Any]], Any, Any]:
    """Prepare the corpora, and return the jobs of each repeat, the rates by which their time was projected, and where they are kept."""
    run_jobs(preparation_jobs(config), RUNNERS)
    sizes, fold, records = _survey(config)
    repeats = training_jobs(config, sizes)
    jobs = [job for repeat in repeats for job in repeat]
    cache = JobCache(config, jobs) if config.cache_dir else None
    if cache and (taken := cache.restore()):
        print(f"{taken} of {len(jobs)} jobs were kept in {config.cache_dir}: they are not run again.", flush=True)
    typical = min(config.pretraining.chunk_frames or 512, 512)
    precisions = {config.pretraining.precision, config.finetuning.precision}
    rates = measure_rates(
        config.model,
        config.classifiers,
        mels=config.features.width,
        frames=typical,
        batch_size=config.pretraining.batch_size,
        computing=precisions.pop() if len(precisions) == 1 else "float32",
    )
    hours = projected_s(jobs, rates) / 3600
    print(
        f"{config.out.name}: {len(jobs)} jobs, at most {hours:.2f} hours if every epoch is run"
        f" (measured here: {rates['transformer']:.0f} frames/s for the transformer, {rates['lstm']:.0f} for the LSTM).",
        flush=True,
    )
    emotions = {
        part: [row.emotion for row in records.of_speakers(getattr(fold, part)) if row.emotion]
        for part in ("train", "test")
    }
    (config.out / "runs").mkdir(exist_ok=True)
    write_json(
        config.out / "runs" / "controls.json",
        chance_scores(emotions["train"], emotions["test"], records.manifest.labels),
    )
    return repeats, rates, cache


def _train(config: ReproduceConfig, planned: tuple[list[list[Any]], Any, Any]) -> None:
    """Run the repeats, one after the other or side by side."""
    repeats, rates, cache = planned
    if config.workers > 1:
        logs = [config.out / "logs" / f"seed-{config.seed + number}.txt" for number in range(config.repeats)]
        run_in_parallel(list(zip(logs, repeats, strict=True)), RUNNERS, processes=config.workers, cache=cache)
    else:
        run_jobs([job for repeat in repeats for job in repeat], RUNNERS, rates=rates, cache=cache)


def _survey(config: ReproduceConfig) -> tuple[Any, Any, Any]:
    """Return the sizes that the projection needs, fold 0, and the labelled records."""
    records = Records(config.out / "records" / config.corpus)
    folds = folds_of_records(records, path=config.folds)
    if strangers := sorted(set(config.dev_speakers) - set(records.speakers)):
        raise InputError(
            f"--dev-speakers expected speakers of {records.corpus}, such as {records.speakers[0]}, received {strangers[0]!r}."
        )
    place = config.out / FOLDS
    if place.exists() and folds_digest(read_folds(place).folds) != folds_digest(folds.folds):
        raise InputError(
            f"--out {config.out} holds runs of other folds than {config.folds or 'the published ones'}: choose another --out."
        )
    write_folds(place, folds)
    second = unlabelled_corpus(config)
    others = Records(config.out / "records" / second[0]).rows if second else ()
    sizes = Sizes(
        labelled_frames=sum(row.frames for row in records.rows),
        unlabelled_frames=sum(row.frames for row in others),
        folds=len(folds.folds),
    )
    return sizes, folds.folds[0], records


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("reproduce", ReproduceConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
