"""A system that Table 3 compares with the FOP model."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Baseline:
    """One system.

    Attributes:
        title: Its name in Table 3.
        job: Folder of the job that is tested, below `seed-S`.
        pretraining: Where its own pretraining differs from the FOP model's, if anywhere; None if it has none.
        starts_from_fop: Whether it starts from the network that FOP pretrained on the labelled corpus.
        model: Where its network differs.
        finetuning: Where its training with labels does.
        functionals: The set of functionals that it reads instead of frames.
        classifier: What reads them.
        code: The code of them that it reads.
        is_random: Whether the result depends on the seed.
        published: The paper's figure for it, over folds.
        remark: A remark on that figure or on our implementation.
        control: Job of the same network without pretraining, which it is compared with too.
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
