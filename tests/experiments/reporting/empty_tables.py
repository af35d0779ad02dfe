"""Tables of a report in which nothing has run yet."""

from typing import Any

from tests.evaluation.made_up import LABELS


def empty_tables(**changed: Any) -> dict[str, Any]:
    """Return what `collect_tables` would, as far as its sections are read."""
    counts = dict.fromkeys(("labelled", "utterances", "speakers"), 12)
    return {
        "corpus": {"title": "Toy", "labels": LABELS, "licence": "none", "hours": 1.0, **counts},
        "unlabelled": None,
        "paper_corpus": "IEMOCAP",
        "controls": {},
        "table1": [],
        "table2": [],
        "table3": [],
        "pretraining": [],
        "config": {"features": {"hop_s": 0.01}, "classifiers": {}, "finetuning": {}},
    } | changed
