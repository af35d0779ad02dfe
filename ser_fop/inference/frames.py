"""Answers as a pandas table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ser_fop.inference.recording import Recognition

if TYPE_CHECKING:
    import pandas as pd


def to_frame(answers: Sequence[Recognition]) -> "pd.DataFrame":
    """Return answers as a table.

    Args:
        answers: What a predictor answered.

    Returns:
        A row an answer, indexed by `file`: `start_s`, `end_s`, `emotion`, `problem`, and a column of probabilities for
        each class.
    """
    import pandas as pd  # a second of import, for those alone who want a table

    classes = list(dict.fromkeys(name for answer in answers for name in answer.probabilities))
    rows = [
        {
            "file": answer.name,
            "start_s": answer.start_s,
            "end_s": answer.end_s,
            "emotion": answer.emotion,
            "problem": answer.problem,
            **{name: answer.probabilities.get(name) for name in classes},
        }
        for answer in answers
    ]
    columns = ["file", "start_s", "end_s", "emotion", "problem", *classes]
    return pd.DataFrame(rows, columns=columns).set_index("file")
