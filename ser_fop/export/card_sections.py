"""Sections of a model card on calibration, other corpora, changed recordings and what pretraining adds."""

from collections.abc import Mapping, Sequence
from typing import Any

from ser_fop.probing.markdown import probe_tables
from ser_fop.stress.measure import Outcome
from ser_fop.stress.page import HEADER, rows_of

RISK_COVERAGE_PLOT = "risk_coverage.svg"
_OURS, _RIVAL = "scratch", "egemaps_svm"
_SHOWN_COVERAGES = (0.25, 0.5, 0.75, 0.9, 1.0)


def calibration_section(calibration: Mapping[str, Any], *, folds: int = 0) -> str:
    """Return the section on probabilities and on answers that are `unsure`; empty without a calibration.

    Args:
        calibration: Fields of a `ModelCalibration`.
        folds: Number of folds of its predictions. Those of one fold are calibrated by speakers.
    """
    if not calibration:
        return ""
    figures = calibration["figures"]
    lines = [
        "## Confidence",
        "",
        f"The temperature {calibration['scaling']['temperature']:.2f} divides the logits{_with_bias(calibration)}. It"
        f" comes from the predictions of the results above, among all classes of the model. The expected calibration error is {_points(figures['ece_before'])} points before and"
        f" {_points(figures['ece'])} after it, where each {'speaker' if folds == 1 else 'fold'} is calibrated by the others."
        + _of_corpora(figures["corpora"]),
    ]
    if calibration["threshold"]:
        lines[-1] += (
            f" Below a confidence of {calibration['threshold']:.2f}, the answer is `unsure`: this leaves"
            f" {100 * figures['answered']:.0f} % of the answers. On speech of another kind, fewer answers are left."
        )
    rows = [
        row for row in figures["risk_coverage"] if any(abs(row["coverage"] - one) < 1e-6 for one in _SHOWN_COVERAGES)
    ]
    lines += [
        "",
        f"![Accuracy of the most confident answers]({RISK_COVERAGE_PLOT})",
        "",
        "| most confident answers, % | accuracy, % | lowest confidence |",
        "|---|---|---|",
        *(f"| {100 * row['coverage']:.0f} | {100 * row['accuracy']:.1f} | {row['threshold']:.2f} |" for row in rows),
    ]
    return "\n".join(lines)


def cross_corpus_section(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the section on corpora that were left out in turn; empty without rows.

    Args:
        rows: Content of `report/cross_corpus.json` of `ser-fop reproduce --cross-corpus`.
    """
    if not rows:
        return ""
    lines = [
        "## Other corpora",
        "",
        "Each corpus was left out in turn: the recipe was trained on the others and tested on all known speakers of this"
        " one. Answers are judged among the classes that both have. The rival is an SVM on eGeMAPS functionals, trained"
        " on the same corpora. Within means speakers that were not trained on, of corpora that were.",
        "",
        "| corpus left out | utterances, speakers | classes, chance | UA, % [95 % over speakers] | rival: UA, % | advantage,"
        " points of WA [95 % over speakers], p | within: UA, %, rival |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        systems = row["systems"]
        ours, rival = systems[_OURS], systems.get(_RIVAL, {"zero_shot": {}, "within": {}})
        cells = [
            row["title"],
            f"{row['n']}, {row['speakers']}",
            f"{len(row['classes'])}, {100 * row['chance']:.1f} %",
            _with_interval(ours["zero_shot"]),
            _with_interval(rival["zero_shot"]),
            _advantage(ours["against_rival"]),
            ", ".join(_with_interval(one["within"]).partition(" ")[0] for one in (ours, rival) if one["within"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_interval(figures: Mapping[str, Any]) -> str:
    if not figures:
        return ""
    interval = figures["ua"].get("over_speakers")
    ends = f" [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]" if interval else ""
    return f"{100 * figures['ua']['mean']:.1f}{ends}"


def _advantage(compared: Mapping[str, Any]) -> str:
    if not compared:
        return ""
    interval = compared["over_speakers"]
    ends = f" [{100 * interval['low']:+.1f}, {100 * interval['high']:+.1f}]" if interval else ""
    return f"{100 * compared['difference']:+.1f}{ends}, {compared['p_sign_flip']:.2g}"


def stress_section(measured: Sequence[Mapping[str, Any]]) -> str:
    """Return the section on changed recordings; empty without measurements.

    Args:
        measured: Contents of `stress.json` of `ser-fop stress`.
    """
    lines = []
    for one in measured:
        header = " | ".join(HEADER)
        lines += ["", f"On {one['facts']['corpus']}:", "", f"| {header} |", "|---" * len(HEADER) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in rows_of([Outcome(**outcome) for outcome in one["outcomes"]])]
    if not lines:
        return ""
    explained = (
        "`ser-fop stress` changes recordings and predicts them again. If the model was trained on these speakers, the"
        " first row of a table is no result, but the differences from it are."
    )
    return "\n".join(["## Changed recordings", "", explained, *lines])


def probe_section(probed: Mapping[str, Any]) -> str:
    """Return the section on what pretraining adds; empty without a probe.

    Args:
        probed: Content of `probe.json` of `ser-fop probe`.
    """
    if not probed:
        return ""
    explained = (
        "`ser-fop probe` compares networks with their untrained twins: the same networks with new weights. UA is averaged"
        " over corpora, which have equal weights; p is that of a sign-flip test over all test speakers, without correction"
        " for several comparisons."
    )
    return "\n".join(["## What pretraining adds", "", explained, "", probe_tables(probed)])


def _with_bias(calibration: Mapping[str, Any]) -> str:
    return (
        ", and a bias for each class is added, because not all corpora have all classes"
        if calibration["scaling"]["bias"]
        else ""
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _of_corpora(corpora: Mapping[str, Mapping[str, float]]) -> str:
    if not corpora:
        return ""
    each = ", ".join(f"{name} {_points(found['ece'])}" for name, found in corpora.items())
    return f" By corpus, it is then {each}."
