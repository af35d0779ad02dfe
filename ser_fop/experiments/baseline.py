"""The declaration of a system that Table 3 compares with the FOP model."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Baseline:
    """A system of Table 3.

    Attributes:
        title: Its name in Table 3.
        job: Folder of the job that is tested, below `seed-S`.
        pretraining: Pretraining settings that differ from the FOP model's; None for a system without its own
            pretraining.
        starts_from_fop: Whether it starts from the network that FOP pretrained on the labelled corpus.
        model: Model settings that differ from the FOP model's.
        finetuning: Fine-tuning settings that differ from the FOP model's.
        functionals: Set of functionals that is its input; empty if its input is frames.
        classifier: Classifier of the functionals.
        code: Network that encodes the functionals for the classifier, or `none`.
        is_random: Whether the result depends on the seed.
        published: WA in percent that the paper reports for it, over all folds.
        remark: Remark on that figure or on our implementation.
        control: Job of the same network without pretraining, for a second comparison.
    """

    title: str
    job: str
    pretraining: Mapping[str, Any] | None = None
    starts_from_fop: bool = False
    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    finetuning: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    functionals: str = ""
    classifier: str = ""
    code: str = "none"
    is_random: bool = True
    published: float | None = None
    remark: str = ""
    control: str = ""
