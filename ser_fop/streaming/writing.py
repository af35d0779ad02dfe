"""Answers of a stream as lines of text or JSON."""

import dataclasses
import json

from ser_fop.streaming.streaming_recogniser import StreamAnswer

_DIGITS = 4
_SHOWN = 3


def to_json(answer: StreamAnswer) -> str:
    """Return an answer as a JSON object, without empty values."""
    values = dataclasses.asdict(answer)
    values["probabilities"] = {label: round(share, _DIGITS) for label, share in answer.probabilities.items()}
    target = values.pop("target")
    values = {target: values.pop("label"), **values}
    times = {name: round(values.pop(name), 3) for name in ("start_s", "end_s")}
    return json.dumps({**times, **{name: value for name, value in values.items() if value}})


def to_line(answer: StreamAnswer) -> str:
    """Return an answer as a line of a table."""
    where = f"{answer.end_s:8.2f} s"
    final = "  final" if answer.is_final else ""
    if not answer.probabilities:
        return f"{where}  -  {answer.reason}{final}"
    ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])[:_SHOWN]
    shares = ", ".join(f"{label} {share:.2f}" for label, share in ranked)
    reason = f"  {answer.reason}" if answer.reason else ""
    return f"{where}  {answer.label:<10} ({shares}){reason}{final}"
