"""Order of jobs that run in parallel."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_fop.experiments.jobs import Job, projected_s


class Schedule:
    """Tells which job to start next. A job needs the jobs whose folders its config names.

    Among the jobs that can start, the one with the longest work behind it comes first: its own projected time, and
    that of the jobs that need it.

    Args:
        jobs: All jobs; each comes after the jobs that it needs.
        rates: Training speed in frames per second, by kind of network; None keeps the order of the jobs.
    """

    def __init__(self, jobs: Sequence[Job], rates: Mapping[str, float] | None = None) -> None:
        self._waiting = {job.name: job for job in jobs}
        writers = {job.config.out: job.name for job in jobs}
        self._needs = {job.name: {writers[path] for path in _inputs_of(job) if path in writers} for job in jobs}
        self._rest_s = dict.fromkeys(self._waiting, 0.0)
        for job in reversed(jobs):
            self._rest_s[job.name] += projected_s([job], rates) if rates else 0.0
            for needed in self._needs[job.name]:
                self._rest_s[needed] = max(self._rest_s[needed], self._rest_s[job.name])

    def __bool__(self) -> bool:
        """Return whether jobs wait."""
        return bool(self._waiting)

    def next(self) -> Job | None:
        """Take the next job that can start; None if each waiting job needs a running one."""
        ready = [name for name in self._waiting if not self._needs[name]]
        return self._waiting.pop(max(ready, key=self._rest_s.__getitem__)) if ready else None

    def finished(self, job: Job) -> None:
        """Note that a job has finished."""
        for needs in self._needs.values():
            needs.discard(job.name)


def _inputs_of(job: Job) -> list[Path]:
    """Return the paths in the config of a job, without its own folder."""
    paths = []
    for field in dataclasses.fields(job.config):
        value = getattr(job.config, field.name)
        paths += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Path)]
    return [path for path in paths if path != job.config.out]
