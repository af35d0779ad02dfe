"""Every figure of the tables as one line, for plots and statistics elsewhere."""

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
    """Return `figures.csv`: fractions, one line for each score of each figure.

    Args:
        tables: What `collect_tables` returns.
    """
    lines = [
        {"settings": settings, **place, **_figure(figures, score)}
        for settings, found in (("", tables), *tables.get("presets", {}).items())
        for place, figures in _placed(found)
        if figures
        for score in ("wa", "ua", "macro_f1")
    ]
    return pd.DataFrame(lines, columns=COLUMNS, dtype=object).to_csv(index=False, lineterminator="\n")


def _placed(tables: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    for row in tables["table1"]:
        place = {"table": "1", "row": row["setting"], "column": "finetuning"}
        yield place, row if "wa" in row else {}
        yield place, row["cross_validation"]
        yield {**place, "column": "finetuning, ensemble of repeats"}, row["together"]
    for row in tables["table2"]:
        for name, pooled in row["cross_validation"].items():
            place = {"table": "2", "row": f"{row['network']} {row['feature']}", "column": name}
            yield place, row[name]
            yield place, pooled
    for row in tables["table3"]:
        for column in ("single_fold", "cross_validation"):
            yield {"table": "3", "row": row["system"], "column": column}, row[column]
    for row in tables.get("systems", ()):
        yield {"table": "3", "row": row["system"], "column": "all systems"}, row


def _figure(figures: Mapping[str, Any], score: str) -> dict[str, Any]:
    spread = figures[score]
    line = {"score": score, "mean": spread["mean"], "deviation": spread["deviation"]}
    line |= {key: figures[key] for key in ("folds", "repeats", "n", "transductive", "selected_on")}
    for over in ("over_repeats", "over_speakers"):
        interval = spread.get(over)
        if interval:
            line |= {f"{over}_low": interval["low"], f"{over}_high": interval["high"]}
    return line
