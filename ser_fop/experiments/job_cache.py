"""Small files of finished jobs, to resume a study on another machine and to publish its predictions."""

import copy
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

# The folds of an experiment, in its folder.
FOLDS = "folds.json"
_SUFFIX = ".json.xz"
_METHOD = (*METHOD, "corpus", "labels", "deterministic")
_PREDICTIONS = "predictions.csv"
# What a network is, without its weights: later stages look at it before they find themselves finished.
_SPEC = "network/network.json"
# Stands for the folder of the run, wherever it is, at the start of a path.
_RUN = '"{run}/'


class JobCache:
    """Predictions and figures of finished jobs, without the networks: one file for each network's jobs of a repeat.

    All jobs of a network are cached and restored together, because the network itself is not
    cached. Probabilities, in four digits, are cached of fine-tuned networks alone: the ensemble
    of repeats needs them.

    Args:
        config: The experiment; `cache_dir` is the folder.
        jobs: All its jobs.
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
        self._whole: set[Path] = set()  # files that are known to hold all jobs of theirs

    def of(self, jobs: Sequence[Job]) -> "JobCache":
        """Return what keeps these jobs alone: two processes must not write one file."""
        names = {job.name for job in jobs}
        part = copy.copy(self)
        part.groups = {file: group for file, group in self.groups.items() if {one.name for one in group} <= names}
        return part

    def restore(self) -> int:
        """Restore the cached jobs, and return their number.

        Raises:
            InputError: If they are of other settings or of other records, or a file is damaged.
        """
        taken = 0
        for file, jobs in self.groups.items():
            if not file.exists() or any((job.config.out / COMPLETED).exists() for job in jobs):
                continue
            kept = self._read(file)
            for job in jobs:
                for name, text in kept[job.name].items():
                    path = job.config.out / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text.replace(_RUN, f'"{self.run}/'), encoding="utf-8")
                taken += 1
        return taken

    def keep(self) -> None:
        """Write a file for each group of jobs that is finished and has none, or one of fewer jobs."""
        for file, jobs in self.groups.items():
            if file in self._whole or not all((job.config.out / COMPLETED).exists() for job in jobs):
                continue
            self._whole.add(file)
            if file.exists() and {job.name for job in jobs} <= set(self._same(file)):
                continue
            texts = {job.name: dict(self._texts(job)) for job in jobs}
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(file.name + PARTIAL)
            partial.write_bytes(lzma.compress(json.dumps({"made_with": self.made_with, "cells": texts}).encode()))
            partial.replace(file)

    def _file_of(self, job: Job, networks: set[str]) -> Path:
        """Return the file of a network's jobs, or of a job that stands alone."""
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
                f"{file} cannot be read as kept jobs ({error}). Remove it, and they are run again."
            ) from error

    def _same(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        """Return the jobs of a file, which must be of this experiment."""
        made_with, jobs = self._contents(file)
        now = with_defaults(made_with["method"], self._config)
        # What was not noted when the file was written is not compared.
        made_with = {**self.made_with, **made_with, "method": {name: now[name] for name in _METHOD}}
        for what in ("method", "records", "folds"):
            if made_with[what] != self.made_with[what]:
                raise InputError(
                    f"{file} was kept by a run with other {what}: {_difference(made_with[what], self.made_with[what])}."
                    " Give --cache-dir another folder."
                )
        return jobs

    def _read(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        jobs = self._same(file)
        missing = {job.name for job in self.groups[file]} - set(jobs)
        if missing:
            raise InputError(f"{file} lacks the job {min(missing)}. Remove it, and its jobs are run again.")
        return jobs

    def _texts(self, job: Job) -> Iterator[tuple[str, str]]:
        """Yield the small files of a job and of its folds, the marks of completion last."""
        folder = job.config.out
        for name in (CONFIG, METRICS, _PREDICTIONS, _SPEC, COMPLETED):
            for path in sorted([*folder.glob(name), *folder.glob(f"fold-*/{name}")], reverse=True):
                text = path.read_text(encoding="utf-8")
                if name == _PREDICTIONS:
                    text = _smaller(text, probabilities=job.stage == "finetune")
                for place in {str(self.run.resolve()), str(self.run)}:
                    text = text.replace(f'"{place}/', _RUN)
                yield path.relative_to(folder).as_posix(), text


def _smaller(text: str, *, probabilities: bool) -> str:
    """Return `predictions.csv` with probabilities in four digits, or without them."""
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


def _difference(kept: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    name = next(key for key in sorted({*kept, *now}) if kept.get(key) != now.get(key))
    return f"its {name} is {kept.get(name)!r}, now {now.get(name)!r}"
