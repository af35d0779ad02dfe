"""Scores of a probe, and differences between pretrained networks and their untrained twins."""

import csv
import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ser_fop.data.records import Records
from ser_fop.evaluation.confusions import SpeakerConfusions, confusions_by_speaker
from ser_fop.evaluation.intervals import Interval, over_speakers
from ser_fop.evaluation.pooled_difference import PooledDifference, pooled_difference
from ser_fop.evaluation.predictions import PREDICTIONS, Prediction, read_predictions
from ser_fop.probing.jobs import Measurement
from ser_fop.probing.names import PRETRAINED, UNTRAINED
from ser_fop.probing.probe_layers import ANSWER_COLUMNS, ANSWERS

# How a network is judged: LAYER/POOLING/PROBE, or the number of labelled speakers of a fine-tuning.
Task = str | int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """UA of one system on one corpus, averaged over repeats.

    Attributes:
        network: Name of the network, or of the functionals.
        start: `pretrained`, `untrained` or `functionals`.
        task: LAYER/POOLING/PROBE, or the number of labelled training speakers of a fine-tuning (0: all).
        corpus: Name of the corpus.
        ua: Mean recall over classes.
        interval: 95 % interval over test speakers; None for a single speaker.
        speakers: Number of test speakers.
        repeats: Number of repeats.
    """

    network: str
    start: str
    task: Task
    corpus: str
    ua: float
    interval: Interval | None
    speakers: int
    repeats: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gain:
    """Difference in UA between a pretrained network and its untrained twin, pooled over corpora.

    Attributes:
        network: Name of the network.
        task: As in `Score`.
        pooled: The difference, with its interval and test.
    """

    network: str
    task: Task
    pooled: PooledDifference


class ProbeResults:
    """Scores and gains of a finished probe.

    Args:
        measurements: The finished jobs.
        records: Labelled records by corpus, for the names of the classes.

    Attributes:
        scores: Scores in the order of the jobs.
        gains: Gains in the order of the jobs. A task that a corpus lacks is pooled over the other corpora.
    """

    def __init__(self, measurements: Iterable[Measurement], records: Mapping[str, Records]) -> None:
        grouped: dict[tuple[str, str, Task, str], list[Prediction]] = defaultdict(list)
        for one in measurements:
            for task, predictions in _predictions_of(one).items():
                grouped[one.network, one.start, task, one.corpus] += predictions
        confusions = {
            key: confusions_by_speaker(found, records[key[3]].manifest.labels) for key, found in grouped.items()
        }
        self.scores = [
            Score(
                network=network,
                start=start,
                task=task,
                corpus=corpus,
                ua=found.score("ua"),
                interval=over_speakers(found, "ua"),
                speakers=len(found.speakers),
                repeats=found.repeats,
            )
            for (network, start, task, corpus), found in confusions.items()
        ]
        self.gains = _gains(confusions)


def _gains(confusions: Mapping[tuple[str, str, Task, str], SpeakerConfusions]) -> list[Gain]:
    pairs: dict[tuple[str, Task], dict[str, tuple[SpeakerConfusions, SpeakerConfusions]]] = defaultdict(dict)
    for (network, start, task, corpus), found in confusions.items():
        twin = confusions.get((network, UNTRAINED, task, corpus))
        if start == PRETRAINED and twin is not None:
            pairs[network, task][corpus] = found, twin
    return [
        Gain(network=network, task=task, pooled=pooled_difference(found)) for (network, task), found in pairs.items()
    ]


def _predictions_of(measurement: Measurement) -> dict[Task, Sequence[Prediction]]:
    """Return the predictions of a job by task. The number of the repeat is their seed."""
    if measurement.speakers is not None:
        found = read_predictions(measurement.folder / PREDICTIONS)
        return {measurement.speakers: [dataclasses.replace(one, seed=measurement.repeat) for one in found]}
    return _read_answers(measurement.folder / ANSWERS, repeat=measurement.repeat)


def _read_answers(path: Path, *, repeat: int) -> dict[Task, Sequence[Prediction]]:
    """Return the predictions of the probes of one network on one corpus, by LAYER/POOLING/PROBE."""
    found: dict[Task, list[Prediction]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            known = {"id": line["id"], "speaker": line["speaker"], "fold": int(line["fold"]), "label": line["label"]}
            for name in (column for column in line if column not in ANSWER_COLUMNS):
                found[name].append(Prediction(**known, seed=repeat, predicted=line[name], probabilities=()))
    return dict(found)
