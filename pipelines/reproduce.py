"""Run all experiments of the paper: `ser-fop reproduce --corpus ravdess --audio-dir DIR --repeats 20 --out runs/paper`.

The same command resumes an interrupted experiment.
"""

import time
from pathlib import Path
from typing import Any

import tensorflow as tf
from ser_fop.pipelines import classify, extract, finetune, functionals, prepare, pretrain

from ser_fop.cli import run_stage
from ser_fop.config.feature_names import check_feature, feature_names
from ser_fop.corpora.folds import folds_digest, read_folds, write_folds
from ser_fop.corpora.opensmile import require_opensmile
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.scores import chance_scores
from ser_fop.experiments.checks import check_jobs
from ser_fop.experiments.job_cache import FOLDS, JobCache
from ser_fop.experiments.jobs import (
    Job,
    Sizes,
    labelled_corpora,
    pending,
    preparation_jobs,
    projected_s,
    unlabelled_corpus,
)
from ser_fop.experiments.parallel import run_in_parallel, worker_count
from ser_fop.experiments.progress import JobProgress
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reporting.write import write_report
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.experiments.runner import run_jobs
from ser_fop.experiments.variants import variant_experiments
from ser_fop.training.checks import check_finetuning_config
from ser_fop.training.splits.left_out_corpora import check_left_out
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.training.throughput import measure_rates
from ser_fop.utils.folder_lock import folder_lock
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
    """Run every job that the tables need, for all requested settings, and write the report."""
    with folder_lock(config.out):
        return _run(config)


def _run(config: ReproduceConfig) -> Path:
    started = time.perf_counter()
    variants = variant_experiments(config)
    _check_features(config)
    for one in (config, *variants):
        _check(one)
    # The projections of all experiments are printed before the first training.
    plans = [(one, _plan(one)) for one in (config, *variants)]
    for one, plan in plans:
        _train(one, plan)
    for one in variants:
        write_report(one.out)
    page = write_report(config.out)
    print(f"{(time.perf_counter() - started) / 60:.1f} minutes -> {page}")
    return page


def _check(config: ReproduceConfig) -> None:
    """Check the settings of an experiment before any work, and claim its folder."""
    if config.repeats < 1:
        raise InputError(f"--repeats expected at least 1, received {config.repeats}.")
    if config.workers < 0:
        raise InputError(f"--workers expected 0 (one for each core) or more, received {config.workers}.")
    if config.verbose and config.workers > 1:
        raise InputError(f"--verbose prints jobs one after another, received --workers {config.workers}. Drop one.")
    _check_renditions(config)
    if any(job.stage == "functionals" for job in pending(preparation_jobs(config))):
        require_opensmile()
    (first, *_) = training_jobs(config, Sizes(labelled_frames=0, unlabelled_frames=0, folds=1))
    check_jobs(first, config.features)  # the first repeat has every kind of job
    for job in first:
        if job.stage == "finetune":
            check_finetuning_config(job.config)
    extendable = ("compare_with", "systems", "dev_speakers", "repeats", "repeats_of", "workers", "cache_dir", "verbose")
    # The stages compare these by their content.
    extendable += ("audio_dir", "manifest", "folds")
    claim_folder("reproduce", out=config.out, config=config, extendable=extendable)


def _check_renditions(config: ReproduceConfig) -> None:
    if config.renditions < 0:
        raise InputError(f"--renditions expected 0 or more, received {config.renditions}.")
    shares = {
        "pretraining.renditions": config.pretraining.renditions,
        "finetuning.augmentation.renditions": config.finetuning.augmentation.renditions,
    }
    for name, share in shares.items():
        if share and not config.renditions:
            raise InputError(
                f"{name} {share:g} expected varied copies of the utterances, received --renditions 0. Give their number,"
                " such as --renditions 2."
            )


def _check_features(config: ReproduceConfig) -> None:
    """Raise `InputError` if a chosen feature is none of the network's; other settings may have fewer layers."""
    for feature in (*config.claim_features, *config.lstm_features):
        check_feature(feature, feature_names(config.model))


def _plan(config: ReproduceConfig) -> tuple[list[list[Any]], Any, Any]:
    """Prepare the corpora, and return the jobs of each repeat, the training rates and the job cache."""
    prepared = preparation_jobs(config)
    with JobProgress(prepared, live=not config.verbose) as progress:
        run_jobs(prepared, RUNNERS, log=_log(config, "prepare"), progress=progress)
    sizes, fold, records = _survey(config)
    repeats = training_jobs(config, sizes)
    jobs = [job for repeat in repeats for job in repeat]
    cache = JobCache(config, jobs) if config.cache_dir else None
    if cache and (restored := cache.restore()):
        print(
            f"{restored} of {len(jobs)} jobs were restored from {config.cache_dir}: they are not run again.", flush=True
        )
    rates = _rates(config, jobs)
    labels = {
        part: [row.label for row in records.of_speakers(getattr(fold, part)) if row.label] for part in ("train", "test")
    }
    (config.out / "runs").mkdir(exist_ok=True)
    write_json(
        config.out / "runs" / "controls.json",
        chance_scores(labels["train"], labels["test"], records.manifest.labels),
    )
    return repeats, rates, cache


def _rates(config: ReproduceConfig, jobs: list[Job]) -> dict[str, float] | None:
    """Measure the training rates and print the projected duration; return None if every job is complete."""
    if not pending(jobs):
        print(f"{config.out.name}: all {len(jobs)} jobs are complete.", flush=True)
        return None
    precisions = {config.pretraining.precision, config.finetuning.precision}
    rates = measure_rates(
        config.model,
        config.classifiers,
        mels=config.features.width,
        frames=min(config.pretraining.chunk_frames or 512, 512),
        batch_size=config.pretraining.batch_size,
        computing=precisions.pop() if len(precisions) == 1 else "float32",
    )
    hours = projected_s(jobs, rates) / 3600
    print(
        f"{config.out.name}: {len(jobs)} jobs, at most {hours:.2f} hours if all epochs run"
        f" (measured here: {rates['transformer']:.0f} frames/s for the transformer, {rates['lstm']:.0f} for the LSTM).",
        flush=True,
    )
    return rates


def _train(config: ReproduceConfig, plan: tuple[list[list[Any]], Any, Any]) -> None:
    """Run the jobs of all repeats, one after another or in parallel."""
    repeats, rates, cache = plan
    everything = [job for repeat in repeats for job in repeat]
    workers = _workers(config) if rates else 1  # nothing is left to train without rates
    with JobProgress(everything, rates, live=not config.verbose) as progress:
        if workers > 1:
            logs = config.out / "logs"
            run_in_parallel(
                everything, RUNNERS, processes=workers, logs=logs, rates=rates, progress=progress, cache=cache
            )
        for number, jobs in enumerate(repeats if workers == 1 else []):
            log = _log(config, f"seed-{config.seed + number}")
            run_jobs(jobs, RUNNERS, log=log, progress=progress, cache=cache)


def _workers(config: ReproduceConfig) -> int:
    """Return the number of jobs that run at the same time."""
    requested = 1 if config.verbose else config.workers
    return worker_count(requested, has_gpu=bool(tf.config.list_physical_devices("GPU")))


def _log(config: ReproduceConfig, name: str) -> Path | None:
    """Return the log file of some jobs; None with `--verbose`, which prints their output."""
    return None if config.verbose else config.out / "logs" / f"{name}.txt"


def _survey(config: ReproduceConfig) -> tuple[Any, Any, Any]:
    """Return the sizes of the corpora, fold 0 and the labelled records."""
    records = Records(config.out / "records" / config.corpus)
    folds = folds_of_records(records, path=config.folds)
    if unknown := sorted(set(config.dev_speakers) - set(records.speakers)):
        raise InputError(
            f"--dev-speakers expected speakers of {records.corpus}, such as {records.speakers[0]},"
            f" received {unknown[0]!r}."
        )
    path = config.out / FOLDS
    if path.exists() and folds_digest(read_folds(path).folds) != folds_digest(folds.folds):
        raise InputError(
            f"--out {config.out} contains runs with other folds than {config.folds or 'the published ones'}."
            " Choose another --out."
        )
    write_folds(path, folds)
    second = unlabelled_corpus(config)
    others = Records(config.out / "records" / second[0]).rows if second else ()
    compared = [records, *(Records(config.out / "records" / name) for name in labelled_corpora(config)[1:])]
    sizes = Sizes(
        labelled_frames=sum(row.frames for row in records.rows),
        unlabelled_frames=sum(row.frames for row in others),
        folds=len(folds.folds),
        frames_of={one.corpus: sum(row.frames for row in one.rows) for one in compared},
        joined_folds=check_left_out(compared) if config.cross_corpus else 1,
    )
    return sizes, folds.folds[0], records


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("reproduce", ReproduceConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
