"""The first plots of a report: what pretraining gains, and the three tables of the paper."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.corpora.targets import EMOTION
from ser_fop.experiments.reporting import plots
from ser_fop.experiments.reporting.cross_corpus_sections import zero_shot_rows
from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot
from ser_fop.experiments.reporting.examples import spectrograms
from ser_fop.experiments.reporting.names import SETTINGS, SOURCES, SYSTEMS, named
from ser_fop.experiments.reporting.plot import Plot
from ser_fop.experiments.reporting.runs import runs_of
from ser_fop.utils.run_folder import METRICS, read_json

_TITLE = "At a glance"
_CLASSIFIERS = {"svm": "SVM", "rf": "RF", "a_lstm": "A-LSTM"}


def headline(seeds: Sequence[Path], tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Yield the plots.

    Args:
        seeds: Folders of the repeats.
        tables: Result of `collect_tables`.
    """
    yield from _claims(tables)
    yield from _skill_curves(seeds, tables)
    ours, paper = tables["corpus"]["title"], tables["paper_corpus"]
    has_paper = tables["corpus"].get("target", EMOTION) == EMOTION
    legend = f"Dots: ours on {ours}, with 95 % intervals over speakers. Dotted line: chance."
    legend += (
        f" Hollow diamonds: the paper's figures, of another corpus ({paper})." if ours != paper and has_paper else ""
    )
    chance = 100 * tables["controls"].get("chance", {}).get("wa", 0.0)
    drawn = {"Table 1: fine-tuning": _table1(tables)}
    drawn["Table 3: systems"] = _table3(tables)
    drawn |= {f"Table 2: hypercolumns, {title}": _table2(tables, name) for name, title in _CLASSIFIERS.items()}
    for name, (rows, over) in drawn.items():
        if rows:
            svg = dot_plot(rows, reference=chance, label="WA, %")
            yield Plot(title=_TITLE, caption=f"{name}, {over}. {legend}", svg=svg)
    yield from _cross_corpus(tables)
    yield from itertools.islice(spectrograms(seeds, tables), 1)


def _claims(tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw the differences of the declared comparisons."""
    rows = [
        Dot(name=named(claim["claim"], tables), value=100 * claim["difference"], **_ends(claim["over_speakers"]))
        for claim in tables.get("claims", ())
    ]
    if rows:
        caption = "What pretraining gains: difference in WA, with 95 % intervals over speakers. Dotted line: no gain."
        yield Plot(title=_TITLE, caption=caption, svg=dot_plot(rows, reference=0.0, label="points of WA"))


def _table1(tables: Mapping[str, Any]) -> tuple[list[Dot], str]:
    rows, over = _chosen([(row, row.get("cross_validation"), row if "wa" in row else {}) for row in tables["table1"]])
    dots = [
        _dot(
            named(SETTINGS[row["setting"]], tables),
            figures,
            mark=row["paper_wa"],
            control=row["setting"] == "none",
        )
        for row, figures in rows
    ]
    return dots, over


def _table2(tables: Mapping[str, Any], classifier: str) -> tuple[list[Dot], str]:
    rows, over = _chosen(
        [(row, row.get("cross_validation", {}).get(classifier), row.get(classifier)) for row in tables["table2"]]
    )
    dots = [
        _dot(
            f"{row['feature']}, {named(SOURCES[row['network']], tables)}",
            figures,
            mark=row["paper_wa"][classifier],
            control=row["network"] in ("none", "untrained"),
        )
        for row, figures in rows
    ]
    return dots, over


def _table3(tables: Mapping[str, Any]) -> tuple[list[Dot], str]:
    """Return the rows of all systems if they have run, or else those of FOP."""
    if tables.get("systems"):
        over = "over all folds" if any(row["folds"] > 1 for row in tables["systems"]) else "single fold"
        return [_dot(row["system"], row, mark=row["paper_wa"]) for row in tables["systems"]], over
    rows, over = _chosen([(row, row["cross_validation"], row["single_fold"]) for row in tables["table3"]])
    key = "cross_validation" if over == "over all folds" else "single_fold"
    return [_dot(SYSTEMS[row["system"]], figures, mark=row["paper_wa"][key]) for row, figures in rows], over


def _cross_corpus(tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw the zero-shot UA of each system on each corpus left out."""
    rows = [
        Dot(
            name=name,
            value=100 * found["ua"]["mean"],
            mark=100 * chance,
            control=rival,
            **_ends(found["ua"]["over_speakers"]),
        )
        for name, found, chance, rival in zero_shot_rows(tables)
    ]
    if rows:
        caption = (
            "Cross-corpus, zero-shot: UA on a corpus that no system was trained on, with 95 % intervals over speakers."
            " Hollow diamonds: chance."
        )
        yield Plot(title=_TITLE, caption=caption, svg=dot_plot(rows, reference=None, label="UA, %"))


def _chosen(rows: list[tuple[Any, Any, Any]]) -> tuple[list[tuple[Any, Any]], str]:
    """Return each row with its figures over all folds, if any row has them, or else with those of the single fold."""
    pooled = [(row, over_folds) for row, over_folds, _ in rows if over_folds]
    if pooled:
        return pooled, "over all folds"
    return [(row, single) for row, _, single in rows if single], "single fold"


def _dot(name: str, figures: Mapping[str, Any], *, mark: float | None, control: bool = False) -> Dot:
    found = figures["wa"]
    ends = _ends(found.get("over_speakers"))
    return Dot(name=name, value=100 * found["mean"], mark=mark, control=control, **ends)


def _ends(interval: Mapping[str, Any] | None) -> dict[str, float]:
    return {end: 100 * interval[end] for end in ("low", "high")} if interval else {}


def _skill_curves(seeds: Sequence[Path], tables: Mapping[str, Any]) -> Iterator[Plot]:
    """Draw the skill on held-out speakers after each epoch of pretraining."""
    histories = {}
    for network in ("unlabelled", "in_corpus"):
        for run in runs_of(seeds, f"pretrain-{network}")[:1]:
            history = read_json(run.single_fold().folder / METRICS)["history"]
            if history.get("val_skill"):
                histories[named(SOURCES[network], tables)] = history
    if histories:
        caption = "Skill of the networks on held-out speakers, by epoch, first repeat. 0: no better than the baseline."
        svg = plots.curve_plot(histories, keys=("val_skill",), label="skill")
        yield Plot(title=_TITLE, caption=caption, svg=svg)
