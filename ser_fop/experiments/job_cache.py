"""Finished cells in a few small files: so that a study goes on on another machine, and others can check its answers."""

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
from ser_fop.experiments.jobs import Cell
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.json_io import builtins, filled_up
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


class KeptCells:
    """Answers and figures of finished cells, without the networks: a file for each network's cells of a repeat.

    A network's cells are kept, and taken up again, all together: none that is left could
    need the network, which is not kept. Probabilities are kept of fine-tuned networks, whose
    repeats the report asks together, in four digits; of others they are left out.

    Args:
        config: The experiment; `kept` is the folder.
        cells: All its cells.
    """

    def __init__(self, config: ReproduceConfig, cells: Sequence[Cell]) -> None:
        self.folder = config.kept
        self.run = config.out
        self._config = config
        method = {name: getattr(config, name) for name in _METHOD}
        records = {
            path.parent.name: digest_of(path.parent) for path in sorted(config.out.glob(f"records/*/{COMPLETED}"))
        }
        folds = {"digest": folds_digest(read_folds(config.out / FOLDS).folds)}
        self.made_with = json.loads(json.dumps(builtins({"method": method, "records": records, "folds": folds})))
        networks = {cell.name.replace("/pretrain-", "/") for cell in cells if cell.stage == "pretrain"}
        self.groups: dict[Path, list[Cell]] = {}
        for cell in cells:
            self.groups.setdefault(self._file_of(cell, networks), []).append(cell)
        self._whole: set[Path] = set()  # files that are known to hold all cells of theirs

    def of(self, cells: Sequence[Cell]) -> "KeptCells":
        """Return what keeps these cells alone: two processes must not write one file."""
        names = {cell.name for cell in cells}
        part = copy.copy(self)
        part.groups = {file: group for file, group in self.groups.items() if {one.name for one in group} <= names}
        return part

    def take_up(self) -> int:
        """Put kept cells where their stages find them finished, and return how many.

        Raises:
            InputError: If they are of other settings or of other records, or a file is damaged.
        """
        taken = 0
        for file, cells in self.groups.items():
            if not file.exists() or any((cell.config.out / COMPLETED).exists() for cell in cells):
                continue
            kept = self._read(file)
            for cell in cells:
                for name, text in kept[cell.name].items():
                    path = cell.config.out / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text.replace(_RUN, f'"{self.run}/'), encoding="utf-8")
                taken += 1
        return taken

    def keep(self) -> None:
        """Write a file for each group of cells that is finished and has none, or one of fewer cells."""
        for file, cells in self.groups.items():
            if file in self._whole or not all((cell.config.out / COMPLETED).exists() for cell in cells):
                continue
            self._whole.add(file)
            if file.exists() and {cell.name for cell in cells} <= set(self._same(file)):
                continue
            texts = {cell.name: dict(self._texts(cell)) for cell in cells}
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(file.name + PARTIAL)
            partial.write_bytes(lzma.compress(json.dumps({"made_with": self.made_with, "cells": texts}).encode()))
            partial.replace(file)

    def _file_of(self, cell: Cell, networks: set[str]) -> Path:
        """Return the file of a network's cells, or of a cell that stands alone."""
        runs, seed, name = cell.name.split("/")
        _, _, rest = name.partition("-")
        network, _, _ = rest.partition("-")
        return self.folder / seed / ((network if f"{runs}/{seed}/{network}" in networks else rest) + _SUFFIX)

    def _contents(self, file: Path) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, str]]]:
        try:
            found = json.loads(lzma.decompress(file.read_bytes()))
            return found["made_with"], found["cells"]
        except (lzma.LZMAError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{file} cannot be read as kept cells ({error}). Remove it, and they are run again."
            ) from error

    def _same(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        """Return the cells of a file, which must be of this experiment."""
        made_with, cells = self._contents(file)
        now = filled_up(made_with["method"], self._config)
        # What was not noted when the file was written is not compared.
        made_with = {**self.made_with, **made_with, "method": {name: now[name] for name in _METHOD}}
        for what in ("method", "records", "folds"):
            if made_with[what] != self.made_with[what]:
                raise InputError(
                    f"{file} was kept by a run with other {what}: {_difference(made_with[what], self.made_with[what])}."
                    " Give --kept another folder."
                )
        return cells

    def _read(self, file: Path) -> Mapping[str, Mapping[str, str]]:
        cells = self._same(file)
        missing = {cell.name for cell in self.groups[file]} - set(cells)
        if missing:
            raise InputError(f"{file} lacks the cell {min(missing)}. Remove it, and its cells are run again.")
        return cells

    def _texts(self, cell: Cell) -> Iterator[tuple[str, str]]:
        """Yield the small files of a cell and of its folds, the marks of completion last."""
        folder = cell.config.out
        for name in (CONFIG, METRICS, _PREDICTIONS, _SPEC, COMPLETED):
            for path in sorted([*folder.glob(name), *folder.glob(f"fold-*/{name}")], reverse=True):
                text = path.read_text(encoding="utf-8")
                if name == _PREDICTIONS:
                    text = _smaller(text, probabilities=cell.stage == "finetune")
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
