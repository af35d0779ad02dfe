"""Compare pretrained networks with their untrained twins.

`ser-fop probe --pretrained fop-librispeech mine=runs/fop --records records/ravdess records/emodb --out runs/probe`
"""

import sys
import time
from pathlib import Path

import tensorflow as tf
from ser_fop.pipelines import extract, finetune

from ser_fop.cli import run_stage
from ser_fop.data.records import Records
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.parallel import run_in_parallel, worker_count
from ser_fop.experiments.progress import JobProgress
from ser_fop.experiments.runner import run_jobs
from ser_fop.probing.checks import check_probe_config, check_records
from ser_fop.probing.jobs import ProbeJobs
from ser_fop.probing.networks import probed_networks
from ser_fop.probing.page import probe_page
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.probing.probe_layers import probe_layers
from ser_fop.probing.results import ProbeResults
from ser_fop.probing.summary import chance_levels, facts_of
from ser_fop.utils.folder_lock import folder_lock
from ser_fop.utils.json_io import to_plain, write_json, write_text
from ser_fop.utils.run_folder import claim_folder

RUNNERS = {"extract": extract.run, "probe_layers": probe_layers, "finetune": finetune.run}
FIGURES, PAGE = "probe.json", "probe.html"
# A later call may add to a probe; its finished jobs are not run again.
_EXTENDABLE = ("pretrained", "records", "functionals", "folds", "seeds", "labelled_speakers", "workers")


def run(config: ProbeConfig) -> Path:
    """Run every job of the probe that is not complete, and write the page; return its path."""
    started = time.perf_counter()
    records = [Records(folder, config.target) for folder in config.records]
    networks = probed_networks(config.pretrained, records)
    check_records(records, networks)
    check_probe_config(config, networks)
    with folder_lock(config.out):
        claim_folder("probe", out=config.out, config=config, extendable=_EXTENDABLE)
        planned = ProbeJobs(config, networks)
        for note in planned.notes:
            print(f"ser-fop probe: note: {note}.", file=sys.stderr)
        _run_jobs(config, planned.jobs)
        by_corpus = {corpus: one for network in networks for corpus, one in network.records.items()}
        results = ProbeResults(planned.measurements, by_corpus)
        facts = facts_of(config, networks) | ({"left out": "; ".join(planned.notes)} if planned.notes else {})
        chance = chance_levels(by_corpus)
        titles = {corpus: one.manifest.title for corpus, one in by_corpus.items()}
        figures = {"facts": facts, "chance": chance, "scores": results.scores, "gains": results.gains}
        write_json(config.out / FIGURES, to_plain(figures))
        write_text(config.out / PAGE, probe_page(results, titles=titles, chance=chance, facts=facts))
    print(f"{len(planned.jobs)} jobs, {(time.perf_counter() - started) / 60:.1f} minutes -> {config.out / PAGE}")
    return config.out / PAGE


def _run_jobs(config: ProbeConfig, jobs: list[Job]) -> None:
    workers = worker_count(config.workers, has_gpu=bool(tf.config.list_physical_devices("GPU")))
    logs = config.out / "logs"
    with JobProgress(jobs) as progress:
        if workers > 1:
            run_in_parallel(jobs, RUNNERS, processes=workers, logs=logs, progress=progress)
        else:
            run_jobs(jobs, RUNNERS, log=logs / "jobs.txt", progress=progress)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("probe", ProbeConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
