"""The report of `ser-fop stress`: a table, and a curve for each kind of change."""

from collections.abc import Mapping, Sequence

from ser_fop.experiments.reporting.html_parts import document, table
from ser_fop.experiments.reporting.plots import level_plot
from ser_fop.stress.measure import CLEAN, Outcome
from ser_fop.stress.perturbations import PERTURBATIONS

HEADER = ("change", "UA, %", "95 % over speakers", "answers that change, %", "without an answer, %", "unsure, %")


def rows_of(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Return the rows of the table, in the order of the outcomes."""
    return [
        [
            describe(outcome),
            f"{100 * outcome.ua:.1f}",
            "" if outcome.ua_low is None else f"[{100 * outcome.ua_low:.1f}, {100 * outcome.ua_high:.1f}]",
            f"{100 * outcome.changed:.1f}",
            f"{100 * outcome.unanswered:.1f}",
            f"{100 * outcome.unsure:.1f}",
        ]
        for outcome in outcomes
    ]


def describe(outcome: Outcome) -> str:
    """Return the change and its level, such as `white noise, SNR 20 dB`."""
    if outcome.change == CLEAN:
        return "none"
    perturbation = PERTURBATIONS[outcome.change]
    return f"{perturbation.title} {outcome.level:g} {perturbation.unit}"


def stress_page(outcomes: Sequence[Outcome], *, facts: Mapping[str, str]) -> str:
    """Return the report as an HTML page without network access.

    Args:
        outcomes: Scores, the clean ones first.
        facts: Facts on the measurement by name, such as the model and the corpus.
    """
    clean, *changed = outcomes
    by_change: dict[str, list[Outcome]] = {}
    for outcome in changed:
        by_change.setdefault(outcome.change, []).append(outcome)
    plots = [
        level_plot(
            {outcome.level: (outcome.ua, outcome.ua_low, outcome.ua_high) for outcome in found},
            reference=clean.ua,
            title=PERTURBATIONS[name].title,
            unit=PERTURBATIONS[name].unit,
        )
        for name, found in by_change.items()
    ]
    worst = min(outcomes, key=lambda outcome: outcome.ua)
    summary = (
        f"<p>Of {clean.utterances} recordings, the mean recall is {100 * clean.ua:.1f} % without a change. The worst"
        f" change is {describe(worst)}: {100 * worst.ua:.1f} %, and {100 * worst.changed:.1f} % of the answers differ.</p>"
    )
    return document(
        "Accuracy under changes of the recording",
        [
            summary,
            "<div class='plots'>" + "".join(plots) + "</div>",
            table(HEADER, rows_of(outcomes)),
            table(("fact", "value"), [[name, value] for name, value in facts.items()]),
        ],
    )
