"""The claims of `reproduce`, declared before any figure is seen."""

import dataclasses

from ser_fop.experiments.jobs import IN_CORPUS, TABLE3_FEATURE, UNLABELLED, UNTRAINED


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


# One claim for each question; other jobs of each system are shown but not tested.
CLAIMS = (
    Claim(
        text="Fine-tuning gains from pretraining on {unlabelled}",
        first=f"finetune-{UNLABELLED}",
        second="finetune-none",
    ),
    Claim(
        text="Fine-tuning gains from pretraining on {corpus}",
        first=f"finetune-{IN_CORPUS}",
        second="finetune-none",
    ),
    Claim(
        text=f"Hypercolumns ({TABLE3_FEATURE}, SVM) gain from pretraining on {{unlabelled}}, against the untrained network",
        first=f"classify-{UNLABELLED}-{TABLE3_FEATURE}-svm",
        second=f"classify-{UNTRAINED}-{TABLE3_FEATURE}-svm",
    ),
    Claim(
        text=f"Hypercolumns ({TABLE3_FEATURE}, SVM) gain from pretraining on {{corpus}}, against the untrained network",
        first=f"classify-{IN_CORPUS}-{TABLE3_FEATURE}-svm",
        second=f"classify-{UNTRAINED}-{TABLE3_FEATURE}-svm",
    ),
)
