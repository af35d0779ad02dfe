"""Progress of an experiment: jobs done, the running job and the time left."""

import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from ser_fop.experiments.jobs import Job, pending, projected_s

# The first jobs are slower than the measured rates suggest, because they trace the networks.
_SLOWEST_PACE = 3.0


class JobProgress:
    """Shows the progress of jobs: one live line in a terminal, or one line for each finished job.

    The folders of the jobs tell which ones are complete, so jobs of other processes count as well.

    Args:
        jobs: All jobs.
        rates: Training speed of this machine in frames per second, by kind of network; None shows no time left.
        live: Whether a terminal shows a live line. The output of the jobs would break it.
    """

    def __init__(self, jobs: Sequence[Job], rates: Mapping[str, float] | None = None, *, live: bool = True) -> None:
        self._jobs, self._rates = jobs, rates
        self._started = time.perf_counter()
        self._projected_s = projected_s(jobs, rates) if rates else 0.0
        self._done = len(jobs) - len(pending(jobs))
        columns = (
            SpinnerColumn(),
            MofNCompleteColumn(),
            TextColumn("jobs"),
            BarColumn(),
            TextColumn("{task.description}"),
        )
        self._live = (
            Progress(*columns, console=Console(file=sys.stdout), transient=True)
            if live and sys.stdout.isatty()
            else None
        )
        self._stream = sys.stdout
        self._task = self._live.add_task("", total=len(jobs), completed=self._done) if self._live else None

    def __enter__(self) -> "JobProgress":
        """Show the live line."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the live line."""
        if self._live:
            self._live.stop()

    def running(self, name: str) -> None:
        """Show the name of the running job."""
        if self._live:
            self._live.update(self._task, description=f"{name}{self._time_left()}")

    def update(self, name: str = "") -> None:
        """Count the complete jobs.

        Args:
            name: Name of the job that ended.
        """
        done = len(self._jobs) - len(pending(self._jobs))
        if done == self._done:
            return
        self._done = done
        if self._live:
            self._live.update(self._task, completed=done)
        else:
            self.say(f"[{done}/{len(self._jobs)} jobs] {name}".rstrip() + self._time_left())

    def say(self, text: str) -> None:
        """Print a line above the live line."""
        if self._live:
            self._live.console.print(text, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    def _time_left(self) -> str:
        if not self._rates:
            return ""
        left_s = projected_s(self._jobs, self._rates)
        done_s = self._projected_s - left_s
        pace = (time.perf_counter() - self._started) / done_s if done_s > 0 else 1.0
        return f", at most {left_s * min(pace, _SLOWEST_PACE) / 60:.0f} minutes left" if left_s else ""
