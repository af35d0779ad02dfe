"""The page of `probe`: what pretraining adds, in pictures first."""

from collections.abc import Iterable, Mapping, Sequence

from ser_fop.evaluation.intervals import Interval
from ser_fop.experiments.reporting.html_parts import document, figures, folded_table, table
from ser_fop.probing.names import ALL_SPEAKERS, START_TITLES, task_title
from ser_fop.probing.plots import efficiency_plots, gain_plots, score_plots
from ser_fop.probing.results import Gain, ProbeResults, Score

TITLE = "What the pretrained networks are worth"


def probe_page(
    results: ProbeResults, *, titles: Mapping[str, str], chance: Mapping[str, float], facts: Mapping[str, str]
) -> str:
    """Return the report as an HTML page without network access.

    Args:
        results: Scores and gains.
        titles: Titles of the corpora, by name.
        chance: Chance level of each corpus, by name.
        facts: Facts on the measurement by name, such as corpora and versions.
    """
    networks = list(dict.fromkeys(gain.network for gain in results.gains))
    plots = [
        *gain_plots(results.gains, corpora=len(titles)),
        *efficiency_plots(results.scores, titles=titles),
        *score_plots(results.scores, titles=titles, chance=chance),
    ]
    return document(
        TITLE,
        [
            "".join(f"<p>{line}</p>" for line in map(lambda name: finding(name, results.gains), networks)),
            figures(plots),
            "<h2>What pretraining adds, in numbers</h2>",
            folded_table(GAIN_HEADER, gain_rows(results.gains, titles)),
            "<h2>UA of every system</h2>",
            folded_table(SCORE_HEADER, score_rows(results.scores, titles)),
            "<h2>How this was measured</h2>",
            table(("fact", "value"), [[name, value] for name, value in facts.items()]),
        ],
    )


GAIN_HEADER = (
    "network",
    "measured by",
    "gain, points of UA [95 % over speakers]",
    "p",
    "speakers",
    "by corpus, points",
)
SCORE_HEADER = ("corpus", "network", "start", "measured by", "UA, % [95 % over speakers]", "speakers", "repeats")


def finding(network: str, gains: Iterable[Gain]) -> str:
    """Return the sentences on one network: its probes over all layers, and its fine-tuning.

    Args:
        network: Name of the network.
        gains: Gains of all networks.
    """
    own = [gain for gain in gains if gain.network == network]
    probes = [gain for gain in own if isinstance(gain.task, str)]
    parts = [f"{network}: of {len(probes)} probes, pretraining raises {_counted(probes)}"]
    parts += [
        f"{task_title(gain.task)} it gains {_points(gain.pooled.difference)}{_interval(gain.pooled.interval)} points of UA"
        for gain in own
        if isinstance(gain.task, int) and gain.task in (8, ALL_SPEAKERS)
    ]
    return "; ".join(parts) + "."


def gain_rows(gains: Iterable[Gain], titles: Mapping[str, str]) -> list[list[str]]:
    """Return the rows of the table of gains."""
    return [
        [
            gain.network,
            task_title(gain.task),
            f"{_points(gain.pooled.difference)}{_interval(gain.pooled.interval)}",
            f"{gain.pooled.p_sign_flip:.4f}",
            str(gain.pooled.speakers),
            "; ".join(f"{titles[corpus]} {_points(value)}" for corpus, value in gain.pooled.by_corpus.items()),
        ]
        for gain in gains
    ]


def score_rows(scores: Iterable[Score], titles: Mapping[str, str]) -> list[list[str]]:
    """Return the rows of the table of scores."""
    return [
        [
            titles[score.corpus],
            score.network,
            START_TITLES[score.start],
            task_title(score.task),
            f"{100 * score.ua:.1f}{_interval(score.interval)}",
            str(score.speakers),
            str(score.repeats),
        ]
        for score in scores
    ]


def _counted(probes: Sequence[Gain]) -> str:
    """Say how many probes a network raises and lowers beyond the interval, and the range of their gains."""
    raised = sum(gain.pooled.interval is not None and gain.pooled.interval.low > 0 for gain in probes)
    lowered = sum(gain.pooled.interval is not None and gain.pooled.interval.high < 0 for gain in probes)
    values = [gain.pooled.difference for gain in probes]
    return (
        f"{raised} beyond the 95 % interval and lowers {lowered}; the gains are {_points(min(values))} to"
        f" {_points(max(values))} points of UA"
    )


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _interval(interval: Interval | None) -> str:
    return f" [{100 * interval.low:.1f}, {100 * interval.high:.1f}]" if interval else ""
