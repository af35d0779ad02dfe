"""What `reproduce` claims, declared before any figure is seen."""

import dataclasses

from ser_fop.experiments.jobs import IN_CORPUS, TABLE3_FEATURE, UNLABELLED, UNTRAINED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """One comparison of two jobs by WA, the paper's figure.

    Attributes:
        text: What is claimed, with `{corpus}` and `{unlabelled}` for the titles.
        first: Folder of the job that is said to be better, below `seed-S`.
        second: Folder of the other.
    """

    text: str
    first: str
    second: str


# One a question; each system's other jobs are shown, not tested.
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
