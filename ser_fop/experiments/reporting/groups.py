"""Scores by group of speakers or of speaking style, and their spread over speakers."""

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.schema import read_rows
from ser_fop.evaluation.confusions import SpeakerConfusions, confusions_by_speaker
from ser_fop.evaluation.intervals import over_speakers
from ser_fop.evaluation.predictions import Prediction
from ser_fop.experiments.reporting.runs import runs_of

# Jobs shown one by one, where they have run, and what they are called.
SHOWN = {
    "finetune-none": "fine-tuned, no pretraining",
    "finetune-unlabelled": "fine-tuned, pre-trained on {unlabelled}",
    "finetune-in_corpus": "fine-tuned, pre-trained on {corpus}",
    "classify-unlabelled-h_concat-svm": "h_concat, SVM, pre-trained on {unlabelled}",
    "classify-in_corpus-h_concat-svm": "h_concat, SVM, pre-trained on {corpus}",
    "classify-untrained-h_concat-svm": "h_concat, SVM, untrained",
}
# What an utterance's line tells of who speaks, and how.
_KINDS = ("gender", "style")


def groups(seeds: Sequence[Path], utterances: Path, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each system that is shown, all its folds and repeats together.

    Args:
        seeds: Folders of the repeats.
        utterances: `utterances.csv` of the records.
        labels: The classes, in order.

    Returns:
        `cell`, `system` with `{corpus}` and `{unlabelled}` for the titles, `groups`: WA, UA and its interval over
        speakers of each gender and style where there are several, and `speakers`: those with the lowest and
        the highest WA, and the standard deviation.
    """
    rows = {row.id: row for row in read_rows(utterances)}
    found = []
    for job, system in SHOWN.items():
        predictions = [item for run in runs_of(seeds, job) for item in run.predictions()]
        if not predictions:
            continue
        parts = []
        for kind in _KINDS:
            members = {item.id: getattr(rows[item.id], kind) for item in predictions}
            names = sorted(set(members.values()) - {""})
            for name in names if len(names) > 1 else ():
                of_group = [item for item in predictions if members[item.id] == name]
                parts.append({"kind": kind, "name": name, **_scores(of_group, labels)})
        spread = _spread(confusions_by_speaker(predictions, labels))
        found.append({"cell": job, "system": system, "groups": parts, "speakers": spread})
    return found


def _scores(predictions: Collection[Prediction], labels: Sequence[str]) -> dict[str, Any]:
    confusions = confusions_by_speaker(predictions, labels)
    interval = over_speakers(confusions, "ua")
    return {
        "wa": confusions.score("wa"),
        "ua": confusions.score("ua"),
        "over_speakers": dataclasses.asdict(interval) if interval else None,
        "speakers": len(confusions.speakers),
        "n": round(float(confusions.counts.sum())),
    }


def _spread(confusions: SpeakerConfusions) -> dict[str, Any]:
    each = confusions.by_speaker("wa")
    ends = {"lowest": int(np.argmin(each)), "highest": int(np.argmax(each))}
    return {
        **{name: {"speaker": confusions.speakers[place], "wa": float(each[place])} for name, place in ends.items()},
        "deviation": float(np.std(each, ddof=1)) if len(each) > 1 else None,
        "n": len(each),
    }
