"""The tables as text: rows of strings that Markdown and HTML share."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.reporting import cell_text
from ser_fop.experiments.reporting.systems_sections import systems_sections
from ser_fop.experiments.reporting.tables import CLASSIFIERS

SETTINGS = {
    "none": "None: no pretraining",
    "unlabelled": "pre-trained on {unlabelled}",
    "in_corpus": "pre-trained on {corpus}, test speakers left out",
}
# The pretraining of the paper in the same row.
PAPER_SETTINGS = {"none": "no pretraining", "unlabelled": "VCTK", "in_corpus": "IEMOCAP, with the test speakers"}
SOURCES = {
    "none": "no network",
    "in_corpus": "pre-trained on {corpus}",
    "unlabelled": "pre-trained on {unlabelled}",
    "untrained": "control: same network, untrained",
}
SYSTEMS = {"hypercolumns": "FOP + Hypercolumns (h_concat, A-LSTM)", "finetuning": "FOP + Fine-tuning"}
GROUPS = {"F": "women", "M": "men"}
ENSEMBLE = ", ensemble of all repeats"


def sections(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return title, header and rows of each table.

    Args:
        tables: What `collect_tables` returns.
    """
    ours = tables["corpus"]["title"]
    published = f"paper, WA % ({tables['paper_corpus']})"
    against = (
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
        *systems_sections(tables),
        *_claims(tables),
        *_groups(tables),
        (
            f"Pretraining: skill against {against}, on held-out speakers; fold 0, where each fold has a network",
            ["Network", "skill", "error", f"error of {against}", "epochs", "parameters"],
            [_pretraining_row(row, tables) for row in tables["pretraining"]],
        ),
        *_horizons(tables),
        *_cost(tables),
        *_beside(tables),
    ]


def _beside(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the tables of the same experiment under other settings."""
    return [
        (f"Settings `{name}`. {title}", header, rows)
        for name, other in tables.get("presets", {}).items()
        for title, header, rows in sections(other)
    ]


def _over_folds(tables: Mapping[str, Any], ours: str) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return Tables 1 and 2 over all folds, as far as they were run."""
    first = [row for row in tables["table1"] if row.get("cross_validation")]
    second = [row for row in tables["table2"] if any(row.get("cross_validation", {}).values())]
    parts = []
    if first:
        cells = [
            [
                f"{_named(SETTINGS[row['setting']], tables)}{remark}{cell_text.stamp(found)}",
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
                _named(SOURCES[row["network"]], tables),
                *(cell_text.both(row["cross_validation"][name]) for name in CLASSIFIERS),
                cell_text.repeats(*(row["cross_validation"][name] for name in CLASSIFIERS)),
            ]
            for row in second
        ]
        title = f"Table 2 over all folds, pooled, on {ours}: WA %, then UA % in brackets"
        parts.append((title, ["Feature", "Network", "SVM", "RF", "A-LSTM", "repeats"], cells))
    return parts


def _claims(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the declared comparisons, if any could be made."""
    rows = [
        [
            _named(row["claim"], tables),
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
        "difference in WA, points [95 % over speakers]",
        "p, sign-flip over speakers",
        "speakers better",
        "repeats, folds",
        "for reference: [95 % over utterances]; McNemar p",
    ]
    return [("Claims, declared before any figure was seen", header, rows)] if rows else []


def _groups(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the scores by group of speakers, for the systems that are shown."""
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
        lines.append([_named(row["system"], tables), *parts, ends])
    title = "Scores by group: UA % (number of speakers) [95 % over speakers], and WA % of single speakers"
    return [(title, [*header, "lowest and highest WA % of a speaker"], lines)]


def _cost(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the cost of the jobs, where it is known."""
    rows = [[row["kind"], str(row["cells"]), f"{row['hours']:.2f}"] for row in tables.get("cost", ())]
    return [("Cost, all repeats together", ["Jobs", "number", "hours"], rows)] if rows else []


def _named(template: str, tables: Mapping[str, Any]) -> str:
    second = tables["unlabelled"]
    return template.format(
        corpus=tables["corpus"]["title"], unlabelled=second["title"] if second else "a second corpus"
    )


def _controls(tables: Mapping[str, Any], width: int) -> list[list[str]]:
    """Return the rows of the controls that use no input."""
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
    name = _named(SETTINGS[row["setting"]], tables) + cell_text.stamp(row)
    published = f"{row['paper_wa']:.2f} ({PAPER_SETTINGS[row['setting']]})"
    return [name, cell_text.percent(figures), cell_text.percent(figures, "ua"), str(row.get("repeats", 0)), published]


def _table2_row(row: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    published = " / ".join(cell_text.published(row["paper_wa"][name]) for name in CLASSIFIERS).strip(" /")
    cells = [cell_text.both(row[name]) for name in CLASSIFIERS]
    repeats = cell_text.repeats(*(row[name] for name in CLASSIFIERS))
    return [row["feature"], _named(SOURCES[row["network"]], tables), *cells, repeats, published]


def _table3_row(row: Mapping[str, Any]) -> list[str]:
    published = f"{row['paper_wa']['single_fold']:.2f} / {row['paper_wa']['cross_validation']:.2f}"
    protocols = (row["single_fold"], row["cross_validation"])
    return [SYSTEMS[row["system"]], *map(cell_text.both, protocols), cell_text.repeats(*protocols), published]


def _horizons(tables: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the table of skill by horizon, where networks predict several."""
    rows = [row for row in tables["pretraining"] if row.get("skill_by_horizon")]
    if not rows:
        return []
    hop_ms = 1000 * tables["config"]["features"]["hop_s"]
    horizons = list(rows[0]["skill_by_horizon"])
    header = ["Network", *(f"{ahead} ahead ({int(ahead) * hop_ms:g} ms)" for ahead in horizons)]
    lines = [
        [
            _named(SOURCES[row["network"]], tables),
            *(cell_text.signed(row["skill_by_horizon"][ahead]) for ahead in horizons),
        ]
        for row in rows
    ]
    return [("Pretraining: skill by horizon, in frames", header, lines)]


def _pretraining_row(row: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    epochs = " to ".join(str(count) for count in sorted({min(row["epochs"]), max(row["epochs"])}))
    figures = [cell_text.signed(row["skill"]), f"{row['error']['mean']:.4f}", f"{row['copy_error']['mean']:.4f}"]
    return [_named(SOURCES[row["network"]], tables), *figures, epochs, f"{row['parameters']:,}"]
