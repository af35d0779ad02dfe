"""The plots of a probe's page."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot
from ser_fop.experiments.reporting.plot import Plot
from ser_fop.experiments.reporting.plots import STYLE, as_svg
from ser_fop.probing.names import FUNCTIONALS, PRETRAINED, START_TITLES, UNTRAINED, task_title
from ser_fop.probing.results import Gain, Score

_COLOURS = {PRETRAINED: "#1f77b4", UNTRAINED: "#777777"}


def gain_plots(gains: Sequence[Gain], *, corpora: int) -> list[Plot]:
    """Draw for each network what pretraining adds to each probe and to fine-tuning.

    Args:
        gains: Gains of all networks.
        corpora: Number of corpora.
    """
    plots = []
    for network in dict.fromkeys(gain.network for gain in gains):
        rows = [_gain_dot(gain) for gain in gains if gain.network == network]
        title = f"{network}: what pretraining adds"
        over = "mean over corpora" if corpora > 1 else "one corpus"
        svg = dot_plot(rows, reference=0.0, label=f"UA above the untrained twin, points ({over})")
        caption = f"{title}. Lines are 95 % intervals over the test speakers of all corpora."
        plots.append(Plot(title="What pretraining adds", caption=caption, svg=svg))
    return plots


def score_plots(scores: Sequence[Score], *, titles: Mapping[str, str], chance: Mapping[str, float]) -> list[Plot]:
    """Draw for each corpus the UA of every network and layer, one plot for each kind of probe.

    Args:
        scores: All scores.
        titles: Titles of the corpora, by name.
        chance: Chance level of each corpus, by name.
    """
    plots = []
    probes = [score for score in scores if isinstance(score.task, str)]
    for corpus in titles:
        for ending in dict.fromkeys(str(score.task).partition("/")[2] for score in probes if score.start == PRETRAINED):
            chosen = [
                score
                for score in probes
                if score.corpus == corpus and (str(score.task).endswith(f"/{ending}") or _is_rival(score, ending))
            ]
            rows = [_score_dot(score) for score in chosen]
            svg = dot_plot(rows, reference=100 * chance[corpus], label="UA, %")
            caption = f"{titles[corpus]}, {task_title(ending)}. The dotted line is chance."
            plots.append(Plot(title="Each layer", caption=caption, svg=svg))
    return plots


def efficiency_plots(scores: Sequence[Score], *, titles: Mapping[str, str]) -> list[Plot]:
    """Draw UA by the number of labelled training speakers, for each network and corpus.

    Args:
        scores: All scores.
        titles: Titles of the corpora, by name.
    """
    found = [score for score in scores if isinstance(score.task, int)]
    plots = []
    for network, corpus in dict.fromkeys((score.network, score.corpus) for score in found):
        chosen = [score for score in found if (score.network, score.corpus) == (network, corpus)]
        caption = f"{network} on {titles[corpus]}: fine-tuned with few labelled speakers, and from scratch."
        plots.append(Plot(title="Fine-tuning with few labelled speakers", caption=caption, svg=_curves(chosen)))
    return plots


def _curves(scores: Iterable[Score]) -> str:
    scores = list(scores)
    counts = sorted({int(score.task) for score in scores}, key=lambda count: count or np.inf)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.2), layout="constrained")
        axes = figure.subplots()
        for number, start in enumerate((PRETRAINED, UNTRAINED)):
            own = {score.task: score for score in scores if score.start == start}
            places = [counts.index(count) + 0.08 * number - 0.04 for count in counts if count in own]
            values = [own[count] for count in counts if count in own]
            ua = np.array([100 * one.ua for one in values])
            ends = np.array(
                [
                    [100 * one.interval.low, 100 * one.interval.high] if one.interval else [100 * one.ua] * 2
                    for one in values
                ]
            )
            error = np.abs(ends.T - ua)
            label = "pretrained" if start == PRETRAINED else "from scratch"
            axes.errorbar(
                places, ua, yerr=error, marker="o", markersize=3.5, capsize=2, color=_COLOURS[start], label=label
            )
        axes.set_xticks(range(len(counts)), ["all" if not count else str(count) for count in counts])
        axes.set(xlabel="labelled training speakers", ylabel="UA, %")
        axes.legend(fontsize=8, frameon=False)
        return as_svg(figure)


def _gain_dot(gain: Gain) -> Dot:
    interval = gain.pooled.interval
    return Dot(
        name=task_title(gain.task),
        value=100 * gain.pooled.difference,
        low=100 * interval.low if interval else None,
        high=100 * interval.high if interval else None,
    )


def _score_dot(score: Score) -> Dot:
    layer = str(score.task).partition("/")[0]
    name = layer if score.start == FUNCTIONALS else f"{score.network}, {START_TITLES[score.start]}, {layer}"
    return Dot(
        name=name,
        value=100 * score.ua,
        low=100 * score.interval.low if score.interval else None,
        high=100 * score.interval.high if score.interval else None,
        control=score.start != PRETRAINED,
    )


def _is_rival(score: Score, ending: str) -> bool:
    """Return whether a score is that of functionals with the probe of `ending`, POOLING/PROBE."""
    return score.start == FUNCTIONALS and str(score.task).rpartition("/")[2] == ending.rpartition("/")[2]
