"""Runs cells one after another, and tells how long is left."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ser_fop.experiments.job_cache import KeptCells
from ser_fop.experiments.jobs import Cell
from ser_fop.utils.run_folder import COMPLETED

Runner = Callable[[Any], Any]


def projected_s(cells: list[Cell], rates: Mapping[str, float]) -> float:
    """Return how long the unfinished cells take at most, in seconds.

    Args:
        cells: The cells.
        rates: Frames per second that this machine trains, by kind of network.
    """
    pending = [cell for cell in cells if not (cell.config.out / COMPLETED).exists()]
    return sum(frames / rates[kind] for cell in pending for kind, frames in cell.cost.items())


def run_cells(
    cells: list[Cell],
    runners: Mapping[str, Runner],
    *,
    rates: Mapping[str, float] | None = None,
    kept: KeptCells | None = None,
) -> None:
    """Run the cells in order; finished ones are skipped by their stages.

    Args:
        cells: What to run.
        runners: The stages by name.
        rates: As for `projected_s`; prints how long is left after each cell.
        kept: Where to keep them.
    """
    started = time.perf_counter()
    projected = projected_s(cells, rates) if rates else 0.0
    for number, cell in enumerate(cells, start=1):
        print(f"[{number}/{len(cells)}] {cell.name}", flush=True)
        runners[cell.stage](cell.config)
        if kept:
            kept.keep()
        if rates and number < len(cells):
            left = projected_s(cells[number:], rates)
            done = projected - left
            pace = (time.perf_counter() - started) / done if done > 0 else 1.0
            print(f"[{number}/{len(cells)}] at most {left * min(pace, 3.0) / 60:.0f} minutes left", flush=True)
