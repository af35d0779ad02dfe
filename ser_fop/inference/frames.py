"""Conversion of predictions to a pandas table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.inference.recording import Recognition

if TYPE_CHECKING:
    import pandas as pd


def to_frame(answers: Sequence[Recognition]) -> "pd.DataFrame":
    """Convert predictions to a table.

    Args:
        answers: Predictions of a `Predictor`.

    Returns:
        A table with one row per prediction and `file` as index. Its columns are `start_s`, `end_s`, the target
        (such as `emotion`), `reason`, `problem`, and one column of probabilities per class.

    Raises:
        InputError: If pandas is not installed.
    """
    try:
        import pandas as pd  # this import takes a second
    except ModuleNotFoundError:
        raise InputError("as_frame needs pandas, which is not installed: pip install pandas.") from None

    classes = list(dict.fromkeys(name for answer in answers for name in answer.probabilities))
    target = answers[0].target if answers else EMOTION
    rows = [
        {
            "file": answer.name,
            "start_s": answer.start_s,
            "end_s": answer.end_s,
            target: answer.label,
            "reason": answer.reason,
            "problem": answer.problem,
            **{name: answer.probabilities.get(name) for name in classes},
        }
        for answer in answers
    ]
    columns = ["file", "start_s", "end_s", target, "reason", "problem", *classes]
    return pd.DataFrame(rows, columns=columns).set_index("file")
