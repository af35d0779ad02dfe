"""`utterances.csv` of a records folder: a line for each utterance in its shards. No TensorFlow."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ser_fop.corpora.schema import UTTERANCE_COLUMNS, Row

UTTERANCES = "utterances.csv"


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write `utterances.csv`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, UTTERANCE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(row) for row in rows)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read `utterances.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(_row(line) for line in csv.DictReader(file))


def _row(line: dict[str, Any]) -> Row:
    typed = {"shard": int(line["shard"]), "frames": int(line["frames"])}
    typed |= {"duration_s": float(line["duration_s"]), "start_s": float(line["start_s"])}
    return Row(**{**line, **typed})
