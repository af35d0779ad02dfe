"""The claims of `reproduce`, declared before any figure is seen."""

import dataclasses
from collections.abc import Iterable

from ser_fop.experiments.jobs import IN_CORPUS, UNLABELLED, UNTRAINED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim that one job is better than another, measured by WA, the paper's score.

    Attributes:
        text: The claim, with `{corpus}` and `{unlabelled}` for the titles of the corpora.
        first: Folder of the job that is claimed to be better, below `seed-S`.
        second: Folder of the other job.
    """

    text: str
    first: str
    second: str


_SOURCES = {UNLABELLED: "{unlabelled}", IN_CORPUS: "{corpus}"}


def claims_of(features: Iterable[str]) -> list[Claim]:
    """Return the claims of an experiment; its other jobs are shown but not tested.

    Args:
        features: Hypercolumn features that a claim is made of.
    """
    finetuned = [
        Claim(
            text=f"Fine-tuning gains from pretraining on {title}",
            first=f"finetune-{network}",
            second="finetune-none",
        )
        for network, title in _SOURCES.items()
    ]
    classified = [
        Claim(
            text=f"Hypercolumns ({feature}, SVM) gain from pretraining on {title}, against the untrained network",
            first=f"classify-{network}-{feature}-svm",
            second=f"classify-{UNTRAINED}-{feature}-svm",
        )
        for feature in features
        for network, title in _SOURCES.items()
    ]
    return finetuned + classified
