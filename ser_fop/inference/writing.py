"""Output of predictions as a table, as JSON lines or as CSV."""

import csv
import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TextIO

from ser_fop.corpora.targets import EMOTION
from ser_fop.inference.recording import Recognition

_DIGITS = 4
_SHOWN = 3


def write_answers(
    answers: Iterable[Recognition],
    file: TextIO,
    *,
    layout: Literal["table", "json", "csv"],
    labels: Sequence[str],
    target: str = EMOTION,
) -> None:
    """Write predictions as they arrive.

    Args:
        answers: The predictions.
        file: The text file to write to.
        layout: `table` for a readable table, `json` for one JSON object per line, or `csv` with one column per class.
        labels: The classes.
        target: What they tell, which names the column of the answer.
    """
    if layout == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "start_s", "end_s", target, *labels, "reason", "problem"])
        for answer in answers:
            shares = [f"{answer.probabilities[label]:.{_DIGITS}f}" if answer.label else "" for label in labels]
            times = [f"{answer.start_s:.3f}", f"{answer.end_s:.3f}"]
            writer.writerow([answer.name, *times, answer.label, *shares, answer.reason, answer.problem])
        return
    lines = _json(answers, target) if layout == "json" else _table(answers)
    for line in lines:
        print(line, file=file, flush=True)


def _json(answers: Iterable[Recognition], target: str) -> Iterator[str]:
    for answer in answers:
        values = dataclasses.asdict(answer)
        values["file"], values[target] = values.pop("name"), values.pop("label")
        values["probabilities"] = {label: round(share, _DIGITS) for label, share in answer.probabilities.items()}
        order = ("file", "start_s", "end_s", target, "probabilities", "reason", "problem")
        yield json.dumps({key: values[key] for key in order if values[key] not in ("", {})}, ensure_ascii=False)


def _table(answers: Iterable[Recognition]) -> Iterator[str]:
    for answer in answers:
        where = f"{answer.name}  {answer.start_s:7.2f} to {answer.end_s:7.2f} s"
        if answer.problem:
            yield f"{where}  -  {answer.problem}"
            continue
        ranked = sorted(answer.probabilities.items(), key=lambda item: (item[0] != answer.label, -item[1]))
        if answer.label not in answer.probabilities:  # unsure
            shown, share, ranked = answer.label, "    ", ranked[:_SHOWN]
        else:
            shown, share, ranked = answer.label, f"{ranked[0][1]:.2f}", ranked[1:_SHOWN]
        rest = ", ".join(f"{label} {one:.2f}" for label, one in ranked)
        yield f"{where}  {shown:<10} {share}  ({rest})" + (f"  {answer.reason}" if answer.reason else "")
