"""The cross-corpus comparison from the run folders, as plain data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.experiments.cross_corpus import CROSS_SYSTEMS, RIVAL, WITHIN, ZERO_SHOT, cross_name
from ser_fop.experiments.reporting.runs import Run, comparison, figures, figures_of_corpus, runs_of


def cross_corpus(seeds: Sequence[Path], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row for each corpus that was left out.

    Args:
        seeds: Folders of the repeats.
        titles: Titles of the corpora, by name.

    Returns:
        One dictionary for each corpus with a finished zero-shot job: `corpus` and `title`; `n`, `speakers` and
        `classes` of the tested utterances; `unmatched`, the number of utterances of other classes; `chance`, one divided by the number of these classes; `majority`, the share
        of the most frequent class; and `systems`, by name: `zero_shot` and `within`, the figures of the corpus, empty
        where the job has not run; `against_rival`, the comparison in WA with eGeMAPS and an SVM, zero-shot.
    """
    within = {system: runs_of(seeds, cross_name(system, WITHIN)) for system in CROSS_SYSTEMS}
    rows = [_row(seeds, corpus, title, within) for corpus, title in titles.items()]
    return [row for row in rows if row]


def _row(seeds: Sequence[Path], corpus: str, title: str, within: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    found = {system: runs_of(seeds, cross_name(system, ZERO_SHOT, corpus)) for system in CROSS_SYSTEMS}
    tested = next((runs[0] for runs in found.values() if runs), None)
    if tested is None:
        return {}
    return {
        "corpus": corpus,
        "title": title,
        **_task(tested),
        "systems": {
            system: {
                "zero_shot": figures(runs),
                "within": figures_of_corpus(within[system], corpus),
                "against_rival": comparison(runs, found[RIVAL]) if system != RIVAL else {},
            }
            for system, runs in found.items()
            if runs or within[system]
        },
    }


def _task(run: Run) -> dict[str, Any]:
    """Return what a zero-shot run tested, and what answers without the audio would score."""
    predictions = run.predictions()
    counts = Counter(item.label for item in predictions)
    return {
        "n": len(predictions),
        "speakers": len({item.speaker for item in predictions}),
        "classes": [label for label in run.metrics["labels"] if label in counts],
        "chance": 1 / len(counts),
        "majority": max(counts.values()) / len(predictions),
        "unmatched": run.metrics.get("unmatched_utterances", 0),
    }
