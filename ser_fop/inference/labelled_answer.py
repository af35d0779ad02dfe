"""An answer of a model, whose label can be read by the name of the target."""

import dataclasses
from typing import Any

from ser_fop.corpora.targets import EMOTION


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledAnswer:
    """Answer of a model. Its label is also an attribute with the name of the target, such as `emotion` or `keyword`.

    Attributes:
        label: The predicted class; `unsure` if the model's confidence is below its threshold. It is empty without an
            answer.
        target: What the classes tell.
        probabilities: Probability of each class; empty without an answer.
        reason: Why the answer is unsure, doubtful or missing. It is empty without a doubt.

    Example:
        >>> LabelledAnswer(label="yes", target="keyword").keyword
        'yes'
    """

    label: str = ""
    target: str = EMOTION
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    reason: str = ""

    def __getattr__(self, name: str) -> Any:
        """Return the label for the name of the target."""
        if name == self.__dict__.get("target"):
            return self.label
        raise AttributeError(
            f"expected an attribute of {type(self).__name__}, or {self.__dict__.get('target')!r}, the target of the model,"
            f" received {name!r}."
        )
