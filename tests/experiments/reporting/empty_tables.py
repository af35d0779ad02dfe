"""Tables of a report without any finished job."""

from typing import Any

from tests.evaluation.made_up import LABELS


def empty_tables(**changes: Any) -> dict[str, Any]:
    """Return the keys of `collect_tables` that the sections and notes read, with the given changes."""
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
    } | changes
