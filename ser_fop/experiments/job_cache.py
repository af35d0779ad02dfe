"""Small files of finished jobs, to resume a study on another machine and to publish its predictions."""

import csv
import io
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.corpora.folds import folds_digest, read_folds
from ser_fop.corpora.schema import PREDICTION_COLUMNS
from ser_fop.errors import InputError
from ser_fop.experiments.config_diff import METHOD
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.json_io import to_plain, with_defaults
from ser_fop.utils.renamed import with_present_names
from ser_fop.utils.run_folder import COMPLETED, CONFIG, METRICS, PARTIAL, digest_of

# Name of the fold file in the folder of an experiment.
FOLDS = "folds.json"
_SUFFIX = ".json.xz"
_METHOD = (*METHOD, "corpus", "labels", "deterministic")
_PREDICTIONS = "predictions.csv"
# Specification of a network without its weights: later stages read it before they see that they are complete.
_SPEC = "network/network.json"
# Placeholder for the folder of the run at the start of a path.
_RUN = '"{run}/'


class JobCache:
    """Cache of the predictions and figures of finished jobs, without the weights of their networks.

    Each repeat has one file for each network. It holds all jobs of the network, which are cached and restored
    together because the weights are not cached. Only fine-tuned networks keep their probabilities, in four digits:
    the ensemble of repeats needs them.

    Args:
        config: Config of the experiment; `cache_dir` is the folder of the cache.
        jobs: All jobs of the experiment.
    """

    def __init__(self, config: ReproduceConfig, jobs: Sequence[Job]) -> None:
        self.folder = config.cache_dir
        self.run = config.out
        self._config = config
        method = {name: getattr(config, name) for name in _METHOD}
        records = {
            path.parent.name: digest_of(path.parent) for path in sorted(config.out.glob(f"records/*/{COMPLETED}"))
        }
        folds = {"digest": folds_digest(read_folds(config.out / FOLDS).folds)}
        self.made_with = json.loads(json.dumps(to_plain({"method": method, "records": records, "folds": folds})))
        networks = {job.name.replace("/pretrain-", "/") for job in jobs if job.stage == "pretrain"}
        self.groups: dict[Path, list[Job]] = {}
        for job in jobs:
            self.groups.setdefault(self._file_of(job, networks), []).append(job)
        self._complete: set[Path] = set()  # files that contain all jobs of their group

    def restore(self) -> int:
        """Restore the cached jobs, and return their number.

        Raises:
            InputError: If they have other settings, records or folds, or a file is damaged.
        """
        restored = 0
        for file, jobs in self.groups.items():
            if not file.exists() or any((job.config.out / COMPLETED).exists() for job in jobs):
                continue
            cached = self._read(file)
            for job in jobs:
                for name, text in cached[job.name].items():
                    path = job.config.out / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text.replace(_RUN, f'"{self.run}/'), encoding="utf-8")
                restored += 1
        return restored

    def keep(self) -> None:
        """Write the file of each finished group of jobs, unless it already contains all of them."""
        for file, jobs in self.groups.items():
            if file in self._complete or not all((job.config.out / COMPLETED).exists() for job in jobs):
                continue
            self._complete.add(file)
            if file.exists() and {job.name for job in jobs} <= set(self._checked_jobs(file)):
                continue
            texts = {job.name: dict(self._texts(job)) for job in jobs}
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(file.name + PARTIAL)
            partial.write_bytes(lzma.compress(json.dumps({"made_with": self.made_with, "cells": texts}).encode()))
            partial.replace(file)

    def _file_of(self, job: Job, networks: set[str]) -> Path:
        """Return the file of a network's jobs, or of a job without a network."""
        runs, seed, name = job.name.split("/")
        _, _, rest = name.partition("-")
        network, _, _ = rest.partition("-")
        return self.folder / seed / ((network if f"{runs}/{seed}/{network}" in networks else rest) + _SUFFIX)

    def _contents(self, file: Path) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, str]]]:
        try:
            found = json.loads(lzma.decompress(file.read_bytes()))
            return with_present_names(found["made_with"]), found["cells"]
        except (lzma.LZMAError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{file} is not a readable cache file ({error}). Remove it, and its jobs run again."
            ) from error

    def _checked_jobs(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        """Return the jobs of a file, after a check that they belong to this experiment."""
        made_with, jobs = self._contents(file)
        now = with_defaults(made_with["method"], self._config)
        # Older files lack some entries: these are not compared.
        made_with = {**self.made_with, **made_with, "method": {name: now[name] for name in _METHOD}}
        for part in ("method", "records", "folds"):
            if made_with[part] != self.made_with[part]:
                raise InputError(
                    f"{file} was written by a run with other {part}:"
                    f" {_difference(made_with[part], self.made_with[part])}. Choose another --cache-dir."
                )
        return jobs

    def _read(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        jobs = self._checked_jobs(file)
        missing = {job.name for job in self.groups[file]} - set(jobs)
        if missing:
            raise InputError(f"{file} does not contain job {min(missing)}. Remove it, and its jobs run again.")
        return jobs

    def _texts(self, job: Job) -> Iterator[tuple[str, str]]:
        """Yield path and text of the small files of a job and of its folds; `COMPLETED` comes last."""
        folder = job.config.out
        for name in (CONFIG, METRICS, _PREDICTIONS, _SPEC, COMPLETED):
            for path in sorted([*folder.glob(name), *folder.glob(f"fold-*/{name}")], reverse=True):
                text = path.read_text(encoding="utf-8")
                if name == _PREDICTIONS:
                    text = _compact(text, probabilities=job.stage == "finetune")
                for root in {str(self.run.resolve()), str(self.run)}:
                    text = text.replace(f'"{root}/', _RUN)
                yield path.relative_to(folder).as_posix(), text


def _compact(text: str, *, probabilities: bool) -> str:
    """Return the text of `predictions.csv` with probabilities in four digits, or without probabilities."""
    rows = csv.reader(io.StringIO(text))
    fixed = len(PREDICTION_COLUMNS)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    header = next(rows)
    writer.writerow(header if probabilities else header[:fixed])
    for row in rows:
        rounded = [f"{float(value):.4f}" for value in row[fixed:]] if probabilities else []
        writer.writerow([*row[:fixed], *rounded])
    return written.getvalue()


def _difference(cached: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    name = next(key for key in sorted({*cached, *now}) if cached.get(key) != now.get(key))
    return f"its {name} is {cached.get(name)!r}, now {now.get(name)!r}"
