"""All figures of the tables as CSV, for other plots and statistics."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

COLUMNS = (
    "settings",
    "table",
    "row",
    "column",
    "folds",
    "score",
    "mean",
    "deviation",
    "repeats",
    "n",
    "over_repeats_low",
    "over_repeats_high",
    "over_speakers_low",
    "over_speakers_high",
    "transductive",
    "selected_on",
)


def to_csv(tables: Mapping[str, Any]) -> str:
    """Return the text of `figures.csv`: scores as fractions, one line for each score of each figure.

    Args:
        tables: Result of `collect_tables`.
    """
    lines = [
        {"settings": settings, **position, **_figure(figures, score)}
        for settings, found in (("", tables), *tables.get("presets", {}).items())
        for position, figures in _figures_with_positions(found)
        if figures
        for score in ("wa", "ua", "macro_f1")
    ]
    return pd.DataFrame(lines, columns=COLUMNS, dtype=object).to_csv(index=False, lineterminator="\n")


def _figures_with_positions(tables: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    """Yield table, row and column of each figure, and the figure; empty for a job that has not run."""
    for row in tables["table1"]:
        position = {"table": "1", "row": row["setting"], "column": "finetuning"}
        yield position, row if "wa" in row else {}
        yield position, row["cross_validation"]
        yield {**position, "column": "finetuning, ensemble of repeats"}, row["together"]
    for row in tables["table2"]:
        for name, pooled in row["cross_validation"].items():
            position = {"table": "2", "row": f"{row['network']} {row['feature']}", "column": name}
            yield position, row[name]
            yield position, pooled
    for row in tables["table3"]:
        for column in ("single_fold", "cross_validation"):
            yield {"table": "3", "row": row["system"], "column": column}, row[column]
    for row in tables.get("systems", ()):
        yield {"table": "3", "row": row["system"], "column": "all systems"}, row
    for row in tables.get("cross_corpus", ()):
        for system, found in row["systems"].items():
            for protocol in ("zero_shot", "within"):
                position = {"table": "cross-corpus", "row": row["corpus"], "column": f"{system}, {protocol}"}
                yield position, found[protocol]


def _figure(figures: Mapping[str, Any], score: str) -> dict[str, Any]:
    spread = figures[score]
    line = {"score": score, "mean": spread["mean"], "deviation": spread["deviation"]}
    line |= {key: figures[key] for key in ("folds", "repeats", "n", "transductive", "selected_on")}
    for kind in ("over_repeats", "over_speakers"):
        interval = spread.get(kind)
        if interval:
            line |= {f"{kind}_low": interval["low"], f"{kind}_high": interval["high"]}
    return line
