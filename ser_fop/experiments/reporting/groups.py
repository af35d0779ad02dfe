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

# Jobs whose scores are shown by group, with their titles.
SHOWN = {
    "finetune-none": "fine-tuned, no pretraining",
    "finetune-unlabelled": "fine-tuned, pre-trained on {unlabelled}",
    "finetune-in_corpus": "fine-tuned, pre-trained on {corpus}",
    "classify-unlabelled-h_concat-svm": "h_concat, SVM, pre-trained on {unlabelled}",
    "classify-in_corpus-h_concat-svm": "h_concat, SVM, pre-trained on {corpus}",
    "classify-untrained-h_concat-svm": "h_concat, SVM, untrained",
}
# Columns of `utterances.csv` that define groups.
_KINDS = ("gender", "style")


def groups(seeds: Sequence[Path], utterances: Path, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the scores by group of each shown system, over all its folds and repeats.

    Args:
        seeds: Folders of the repeats.
        utterances: `utterances.csv` of the records.
        labels: The classes, in order.

    Returns:
        One dictionary for each system that has run: `cell`, its job; `system`, its title with `{corpus}` and
        `{unlabelled}` for the titles of the corpora; `groups`, WA, UA and the interval of UA over speakers for each
        gender and style, if there are several; `speakers`, the speakers with the lowest and the highest WA, and the
        standard deviation over speakers.
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
                selected = [item for item in predictions if members[item.id] == name]
                parts.append({"kind": kind, "name": name, **_scores(selected, labels)})
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
        "n": round(float(confusions.tested.sum())),
    }


def _spread(confusions: SpeakerConfusions) -> dict[str, Any]:
    scores = confusions.by_speaker("wa")
    ends = {"lowest": int(np.argmin(scores)), "highest": int(np.argmax(scores))}
    return {
        **{name: {"speaker": confusions.speakers[index], "wa": float(scores[index])} for name, index in ends.items()},
        "deviation": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        "n": len(scores),
    }
