"""The tables as text: rows of strings for Markdown, HTML and LaTeX."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.reporting import cell_text
from ser_fop.experiments.reporting.cross_corpus_sections import cross_corpus_sections
from ser_fop.experiments.reporting.names import PAPER_SETTINGS, SETTINGS, SOURCES, SYSTEMS, named
from ser_fop.experiments.reporting.speakers import speaker_sections
from ser_fop.experiments.reporting.systems_sections import systems_sections
from ser_fop.experiments.reporting.tables import CLASSIFIERS

GROUPS = {"F": "women", "M": "men"}
ENSEMBLE = ", ensemble of all repeats"


def sections(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the title, the header and the rows of each table.

    Args:
        tables: Result of `collect_tables`.
    """
    return [_without_blank_paper(*section) for section in _all_sections(tables)]


def _without_blank_paper(
    title: str, header: list[str], rows: list[list[str]]
) -> tuple[str, list[str], list[list[str]]]:
    """Leave out a last column for the paper that is blank in each row, as for targets other than the emotion."""
    if header[-1].startswith("paper") and not any(row[-1].strip(" /") for row in rows):
        return title, header[:-1], [row[:-1] for row in rows]
    return title, header, rows


def _all_sections(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    ours = tables["corpus"]["title"]
    published = f"paper, WA % ({tables['paper_corpus']})"
    baseline = (
        next((row.get("baseline_name") or row.get("against") for row in tables["pretraining"]), None)
        or "copying the last frame"
    )
    return [
        (
            f"Table 1. Fine-tuning, by pretraining, on {ours}, single fold",
            ["Pretraining", f"WA % ({ours})", f"UA % ({ours})", "repeats", published],
            [*_controls(tables, 5), *(_table1_row(row, tables) for row in tables["table1"])],
        ),
        (
            f"Table 2. Hypercolumns, by feature and classifier, on {ours}, single fold: WA %, then UA % in brackets",
            ["Feature", "Network", "SVM", "RF", "A-LSTM", "repeats", f"{published}: SVM / RF / A-LSTM"],
            [*_controls(tables, 7), *(_table2_row(row, tables) for row in tables["table2"])],
        ),
        *_over_folds(tables, ours),
        (
            f"Table 3. The FOP rows on {ours}: WA %, then UA % in brackets",
            [
                "System",
                f"single fold ({ours})",
                f"cross-validation, pooled ({ours})",
                "repeats",
                f"{published}: single fold / cross-validation",
            ],
            [_table3_row(row) for row in tables["table3"]],
        ),
        *speaker_sections(tables),
        *systems_sections(tables),
        *_claims(tables),
        *cross_corpus_sections(tables),
        *_groups(tables),
        (
            f"Pretraining: skill relative to {baseline}, on held-out speakers (of fold 0, if each fold has its network)",
            ["Network", "skill", "error", f"error of {baseline}", "epochs", "parameters"],
            [_pretraining_row(row, tables) for row in tables["pretraining"]],
        ),
        *_horizons(tables),
        *_cost(tables),
        *_variants(tables),
    ]


def _variants(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the tables of the same experiment with other settings."""
    return [
        (f"Settings `{name}`. {title}", header, rows)
        for name, other in tables.get("presets", {}).items()
        for title, header, rows in sections(other)
    ]


def _over_folds(tables: Mapping[str, Any], ours: str) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return Tables 1 and 2 over all folds, if these jobs have run."""
    first = [row for row in tables["table1"] if row.get("cross_validation")]
    second = [row for row in tables["table2"] if any(row.get("cross_validation", {}).values())]
    parts = []
    if first:
        cells = [
            [
                f"{named(SETTINGS[row['setting']], tables)}{remark}{cell_text.stamp(found)}",
                cell_text.percent(found),
                cell_text.percent(found, "ua"),
                str(found["repeats"]),
            ]
            for row in first
            for found, remark in ((row["cross_validation"], ""), (row.get("together"), ENSEMBLE))
            if found
        ]
        header = ["Pretraining", f"WA % ({ours})", f"UA % ({ours})", "repeats"]
        parts.append((f"Table 1 over all folds, pooled, on {ours}", header, cells))
    if second:
        cells = [
            [
                row["feature"],
                named(SOURCES[row["network"]], tables),
                *(cell_text.both(row["cross_validation"][name]) for name in CLASSIFIERS),
                cell_text.repeats(*(row["cross_validation"][name] for name in CLASSIFIERS)),
            ]
            for row in second
        ]
        title = f"Table 2 over all folds, pooled, on {ours}: WA %, then UA % in brackets"
        parts.append((title, ["Feature", "Network", "SVM", "RF", "A-LSTM", "repeats"], cells))
    return parts


def _claims(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table of the declared comparisons, if their jobs have run."""
    rows = [
        [
            named(row["claim"], tables),
            cell_text.difference(row),
            f"{row['p_sign_flip']:.2g}{cell_text.stars(row['p_sign_flip'])}",
            f"{row['speakers_better']} of {row['speakers']}",
            f"{row['repeats'][0]} / {row['repeats'][1]}, {row['folds']}",
            f"{cell_text.ends(row['over_utterances'])}; {row['p_mcnemar']:.2g}",
        ]
        for row in tables.get("claims", ())
    ]
    header = [
        "Claim",
        "difference in WA, points [95 % interval over speakers]",
        "p, sign-flip test over speakers",
        "speakers with a better score",
        "repeats, folds",
        "for reference: [95 % interval over utterances]; McNemar p",
    ]
    return [("Claims, declared before any figure was seen", header, rows)] if rows else []


def _groups(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table of the scores by group of speakers."""
    rows = tables.get("groups", ())
    if not rows:
        return []
    header = [
        "System",
        *(f"{GROUPS.get(part['name'], part['name'])} ({part['speakers']})" for part in rows[0]["groups"]),
    ]
    lines = []
    for row in rows:
        low, high = row["speakers"]["lowest"], row["speakers"]["highest"]
        parts = [f"{100 * part['ua']:.2f} {cell_text.ends(part['over_speakers'])}".rstrip() for part in row["groups"]]
        ends = f"{100 * low['wa']:.1f} ({low['speaker']}) to {100 * high['wa']:.1f} ({high['speaker']})"
        lines.append([named(row["system"], tables), *parts, ends])
    title = "Scores by group: UA % (number of speakers) [95 % interval over speakers], and WA % of single speakers"
    return [(title, [*header, "lowest and highest WA % of a speaker"], lines)]


def _cost(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table of the cost of the jobs, if it is known."""
    rows = [[row["kind"], str(row["cells"]), f"{row['hours']:.2f}"] for row in tables.get("cost", ())]
    return [("Cost of all repeats", ["Jobs", "number", "hours"], rows)] if rows else []


def _controls(tables: Mapping[str, Any], width: int) -> list[list[str]]:
    """Return the rows of the controls without input: chance and majority class."""
    rows = []
    for name, text in (("chance", "control: chance"), ("majority", "control: majority class")):
        figures = tables["controls"].get(name)
        if figures:
            wa, ua = f"{100 * figures['wa']:.2f}", f"{100 * figures['ua']:.2f}"
            cells = [text, wa, ua] if width == 5 else [text, "no network", *[f"{wa} ({ua})"] * 3]
            rows.append(cells + [""] * (width - len(cells)))
    return rows


def _table1_row(row: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    figures = row if "wa" in row else {}
    name = named(SETTINGS[row["setting"]], tables) + cell_text.stamp(row)
    value = row["paper_wa"]
    published = "" if value is None else f"{value:.2f} ({PAPER_SETTINGS[row['setting']]})"
    return [name, cell_text.percent(figures), cell_text.percent(figures, "ua"), str(row.get("repeats", 0)), published]


def _table2_row(row: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    published = " / ".join(cell_text.published(row["paper_wa"][name]) for name in CLASSIFIERS).strip(" /")
    cells = [cell_text.both(row[name]) for name in CLASSIFIERS]
    repeats = cell_text.repeats(*(row[name] for name in CLASSIFIERS))
    return [row["feature"], named(SOURCES[row["network"]], tables), *cells, repeats, published]


def _table3_row(row: Mapping[str, Any]) -> list[str]:
    published = " / ".join(cell_text.published(row["paper_wa"][key]) for key in ("single_fold", "cross_validation"))
    protocols = (row["single_fold"], row["cross_validation"])
    return [SYSTEMS[row["system"]], *map(cell_text.both, protocols), cell_text.repeats(*protocols), published]


def _horizons(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table of skill by horizon, if the networks predict several horizons."""
    rows = [row for row in tables["pretraining"] if row.get("skill_by_horizon")]
    if not rows:
        return []
    hop_ms = 1000 * tables["config"]["features"]["hop_s"]
    horizons = list(rows[0]["skill_by_horizon"])
    header = ["Network", *(f"{horizon} ahead ({int(horizon) * hop_ms:g} ms)" for horizon in horizons)]
    lines = [
        [
            named(SOURCES[row["network"]], tables),
            *(cell_text.signed(row["skill_by_horizon"][horizon]) for horizon in horizons),
        ]
        for row in rows
    ]
    return [("Pretraining: skill by horizon, in frames", header, lines)]


def _pretraining_row(row: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    epochs = " to ".join(str(count) for count in sorted({min(row["epochs"]), max(row["epochs"])}))
    figures = [cell_text.signed(row["skill"]), f"{row['error']['mean']:.4f}", f"{row['copy_error']['mean']:.4f}"]
    return [named(SOURCES[row["network"]], tables), *figures, epochs, f"{row['parameters']:,}"]
