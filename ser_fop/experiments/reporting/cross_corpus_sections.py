"""The cross-corpus comparison as text: its table, its sentence, its note and the rows of its plot."""

from collections.abc import Iterator, Mapping
from typing import Any

from ser_fop.experiments.cross_corpus import CROSS_SYSTEMS, RIVAL, ZERO_SHOT
from ser_fop.experiments.reporting import cell_text
from ser_fop.experiments.reporting.names import named

TITLE = "Cross-corpus"
_NAMES = {
    "scratch": "FOP network from scratch",
    "unlabelled": "FOP network pre-trained on {unlabelled}",
    RIVAL: "eGeMAPS, SVM",
}
Section = tuple[str, list[str], list[list[str]]]


def cross_corpus_sections(tables: Mapping[str, Any]) -> list[Section]:
    """Return title, header and rows of the table; none if no corpus was left out.

    Args:
        tables: Result of `collect_tables`.
    """
    rows = tables.get("cross_corpus", ())
    if not rows:
        return []
    header = ["Corpus left out", "utterances, speakers", "classes judged", "chance, %", "majority class, WA %"]
    for name, system in _systems(tables).items():
        header += [f"{system}, zero-shot: UA % (WA %) [95 % intervals over speakers]", f"{system}, within: UA %"]
        if name != RIVAL:
            header.append(f"{system}, zero-shot: advantage over {_NAMES[RIVAL]}, points of WA")
    title = f"{TITLE}: every corpus left out in turn, trained on all others, judged among its own classes"
    return [(title, header, [_line(row, _systems(tables)) for row in rows])]


def cross_corpus_finding(tables: Mapping[str, Any]) -> str:
    """Return the sentence of the table: the mean UA of each system, and on how many corpora a network is better.

    Args:
        tables: Result of `collect_tables`.
    """
    rows, parts = tables["cross_corpus"], []
    complete = [row for row in rows if all(row["systems"].get(name, {}).get(ZERO_SHOT) for name in _systems(tables))]
    for name, system in _systems(tables).items() if complete else ():
        found = [row["systems"][name] for row in complete]
        mean = sum(one[ZERO_SHOT]["ua"]["mean"] for one in found) / len(found)
        parts.append(f"{system} has {100 * mean:.1f} %{_beyond(found) if name != RIVAL else ''}")
    chance = sum(row["chance"] for row in complete) / max(1, len(complete))
    return (
        f"Mean UA on {len(complete)} corpora left out: {'; '.join(parts)}; chance has {100 * chance:.1f} %."
        if parts
        else ""
    )


def cross_corpus_notes(tables: Mapping[str, Any]) -> list[str]:
    """Return the notes on the table; none if no corpus was left out.

    Args:
        tables: Result of `collect_tables`.
    """
    if not tables.get("cross_corpus"):
        return []
    further = "; ".join(
        f"{one['title']}: {one['labelled']} labelled utterances, {one['hours']:.2f} h, {one['speakers']} speakers,"
        f" licence: {one['licence']}"
        for one in tables["further_corpora"]
    )
    return [
        f"Further corpora of the cross-corpus table: {further}.",
        "Zero-shot: trained on all other corpora, with the same total weight of each, and tested on all speakers of this"
        " one. Answers are judged among the classes that this corpus has; utterances of a class that no other corpus has"
        " are left out. Within: trained on all corpora, and tested on the held-out speakers of this one, over all its"
        " classes. Differences in WA are tested like the claims, without correction for multiple comparisons.",
    ]


def zero_shot_rows(tables: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], float, bool]]:
    """Yield name, figures, chance and whether it is the rival, of each system on each corpus left out.

    Args:
        tables: Result of `collect_tables`.
    """
    for row in tables.get("cross_corpus", ()):
        for name, system in _systems(tables).items():
            found = row["systems"].get(name, {}).get(ZERO_SHOT)
            if found:
                yield f"{row['title']}: {system}", found, row["chance"], name == RIVAL


def _systems(tables: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles of the systems that have run, by name."""
    found = {name for row in tables["cross_corpus"] for name in row["systems"]}
    return {name: named(_NAMES[name], tables) for name in CROSS_SYSTEMS if name in found}


def _line(row: Mapping[str, Any], systems: Mapping[str, str]) -> list[str]:
    cells = [
        row["title"],
        f"{row['n']}, {row['speakers']}"
        + (f" ({row['unmatched']} of other classes left out)" if row["unmatched"] else ""),
        f"{len(row['classes'])}: {', '.join(row['classes'])}",
        f"{100 * row['chance']:.2f}",
        f"{100 * row['majority']:.2f}",
    ]
    for name in systems:
        found = row["systems"].get(name, {})
        zero_shot = found.get("zero_shot", {})
        wa = f" ({cell_text.percent(zero_shot)})" if zero_shot else ""
        cells.append(f"{cell_text.percent(zero_shot, 'ua')}{wa}{cell_text.stamp(zero_shot)}")
        cells.append(_within(found.get("within", {}), row))
        if name != RIVAL:
            cells.append(cell_text.tested(found.get("against_rival", {})))
    return cells


def _within(figures: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Format UA within a corpus, with the number of classes if it is another one than zero-shot."""
    classes = sum(any(counts) for counts in figures.get("confusion", ()))
    more = f" ({classes} classes)" if classes not in (0, len(row["classes"])) else ""
    return cell_text.percent(figures, "ua", interval=False) + more


def _beyond(found: list[Mapping[str, Any]]) -> str:
    """Say on how many corpora a network's WA differs from that of the rival beyond the interval over speakers."""
    intervals = [one["against_rival"]["over_speakers"] for one in found if one["against_rival"]]
    better = sum(interval["low"] > 0 for interval in intervals if interval)
    worse = sum(interval["high"] < 0 for interval in intervals if interval)
    return f" (WA above {_NAMES[RIVAL]} beyond its interval on {better}, below on {worse})"
