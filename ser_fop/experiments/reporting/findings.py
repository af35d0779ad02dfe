"""One sentence for each table, which says what it shows."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.reporting import cell_text
from ser_fop.experiments.reporting.cross_corpus_sections import TITLE, cross_corpus_finding
from ser_fop.experiments.reporting.names import SYSTEMS, named
from ser_fop.experiments.reporting.speakers import TITLE as SPEAKERS
from ser_fop.experiments.reporting.speakers import speaker_finding


def finding(title: str, tables: Mapping[str, Any]) -> str:
    """Return the sentence of a table.

    Args:
        title: Title of the table, as from `sections`.
        tables: Result of `collect_tables`.

    Returns:
        The sentence; empty for a table without one.
    """
    sentences = {
        "Table 1": lambda: _claims("finetune-", tables),
        "Table 2": lambda: _claims("classify-", tables),
        "Table 3 with": lambda: _best_system(tables),
        "Table 3.": lambda: _own_systems(tables),
        "Pretraining: skill relative": lambda: _skill(tables),
        SPEAKERS: lambda: speaker_finding(tables),
        TITLE: lambda: cross_corpus_finding(tables),
        "Cost": lambda: _cost(tables),
    }
    return next((sentence() for start, sentence in sentences.items() if title.startswith(start)), "")


def verdict(claim: Mapping[str, Any]) -> str:
    """Describe a difference by its interval over speakers."""
    interval = claim["over_speakers"]
    if not interval:
        return "too few speakers for an interval"
    if interval["low"] > 0:
        return "a gain beyond its interval"
    return "a loss beyond its interval" if interval["high"] < 0 else "no difference beyond its interval"


def _claims(stage: str, tables: Mapping[str, Any]) -> str:
    """Return a sentence for each claim about the jobs of a stage."""
    claims = [claim for claim in tables.get("claims", ()) if claim["first"].startswith(stage)]
    return " ".join(
        f"{named(claim['claim'], tables)}: {cell_text.difference(claim)} points of WA, {verdict(claim)}."
        for claim in claims
    )


def _own_systems(tables: Mapping[str, Any]) -> str:
    found = []
    for row in tables["table3"]:
        figures = row["cross_validation"] or row["single_fold"]
        if figures:
            found.append(f"{SYSTEMS[row['system']]} has {100 * figures['wa']['mean']:.1f} %")
    chance = tables["controls"].get("chance")
    against = f"; chance has {100 * chance['wa']:.1f} %" if chance else ""
    return f"{', and '.join(found)} WA{against}." if found else ""


def _best_system(tables: Mapping[str, Any]) -> str:
    ranked = sorted(tables["systems"], key=lambda row: row["wa"]["mean"], reverse=True)
    fop = next((place for place, row in enumerate(ranked, start=1) if row["cell"] == "finetune-in_corpus"), None)
    place = f"; FOP + Fine-tuning is number {fop} of {len(ranked)}" if fop else ""
    return f"The highest WA is that of {ranked[0]['system']}, {100 * ranked[0]['wa']['mean']:.1f} %{place}."


def _skill(tables: Mapping[str, Any]) -> str:
    rows = [row for row in tables["pretraining"] if row["network"] != "untrained"]
    if not rows:
        return ""
    best = max(rows, key=lambda row: row["skill"]["mean"])
    size = "smaller" if best["skill"]["mean"] > 0 else "larger"
    baseline = best.get("baseline_name") or best.get("against") or "copying the last frame"
    return f"The best network has a {size} error than {baseline}: skill {cell_text.signed(best['skill'])}."


def _cost(tables: Mapping[str, Any]) -> str:
    return f"All jobs together took {60 * sum(row['hours'] for row in tables['cost']):.1f} minutes."
