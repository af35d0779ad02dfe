"""Probes of the layers of one network on one corpus: a job of `probe`."""

import csv
import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from ser_fop.config.settings import ClassifierSettings
from ser_fop.corpora.folds import Fold
from ser_fop.data.records import Records
from ser_fop.evaluation.fold_runs import fold_folder
from ser_fop.hypercolumns.classifiers import choose_cost, choose_svm
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, read_pooled
from ser_fop.probing.probe_config import Pooling, ProbeKind
from ser_fop.training.splits.finetuning import DataSplit, split_fold
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.utils.json_io import read_json, sha256
from ser_fop.utils.run_folder import CONFIG, Stage
from ser_fop.utils.run_once import run_once

ANSWERS = "answers.csv"
# Leading columns of the table of answers. A column of predicted classes for each probe follows, as FEATURE/POOLING/PROBE.
ANSWER_COLUMNS = ("id", "speaker", "fold", "label")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeLayersConfig:
    """Settings of the probes of one network on one corpus.

    Attributes:
        features: Folder of `extract` with pooling `mean_std`, or of `functionals`; of one network or of one a fold.
        records: The labelled records.
        target: Column with the labels; that of the records by default.
        folds: Fold file.
        out: Run folder to write.
        layers: Names of the features to probe.
        poolings: Statistics over time to probe; without any, the features have no such parts (functionals).
        probes: Kinds of classifiers.
        classifiers: Settings of the classifiers.
    """

    features: Path
    records: Path
    folds: Path
    out: Path
    layers: tuple[str, ...]
    poolings: tuple[Pooling, ...]
    probes: tuple[ProbeKind, ...]
    target: str = ""
    classifiers: ClassifierSettings = dataclasses.field(default_factory=ClassifierSettings)


def probe_layers(config: ProbeLayersConfig) -> Path:
    """Probe the layers of one network on the test speakers of every fold, unless the run folder is complete."""
    inputs = {"features": [config.features], "records": [config.records]}
    digests = {"folds": sha256(config.folds)}
    return run_once("probe", config, lambda stage: _probe(config, stage), inputs=inputs, digests=digests)


def probe_name(layer: str, pooling: str, probe: str) -> str:
    """Return the column of a probe in the table of answers."""
    return f"{layer}/{pooling}/{probe}"


def pooled_layer(pooled: PooledFeatures, layer: str, pooling: str, ids: Any) -> np.ndarray:
    """Return a layer's statistics over time of some utterances, (utterances, width).

    Args:
        pooled: Features with the mean and the deviation side by side; functionals have no such parts.
        layer: Name of the layer.
        pooling: `mean`, `mean_std`, or an empty string for functionals.
        ids: Ids of the utterances.
    """
    values = pooled.of(layer, ids)
    return values[:, : values.shape[1] // 2] if pooling == "mean" else values


def _probe(config: ProbeLayersConfig, stage: Stage) -> Path:
    started = time.perf_counter()
    records = Records(config.records, config.target)
    folds = folds_of_records(records, path=config.folds).folds
    rows = []
    with threadpool_limits(1):  # jobs run side by side
        for number, fold in enumerate(folds):
            rows += _probe_fold(config, records, number, fold)
    with (stage.folder / ANSWERS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    source = read_json(fold_folder(config.features, 0) / CONFIG)
    return stage.commit(
        metrics={"utterances": len(rows), "seconds": time.perf_counter() - started},
        content=[stage.folder / ANSWERS],
        seen_speakers=source.get("seen_speakers", ()),
    )


def _probe_fold(config: ProbeLayersConfig, records: Records, number: int, fold: Fold) -> list[dict[str, Any]]:
    """Return the table of answers for the test speakers of a fold."""
    folder = fold_folder(config.features, number)
    split = split_fold(records, fold, name=f"fold {number}")
    split.check_no_label_leakage(read_json(folder / CONFIG).get("labelled_speakers", ()))
    pooled = read_pooled(folder / ARRAYS)
    answers = {
        probe_name(layer, pooling, probe): _answers(config, records, split, pooled, (layer, pooling, probe))
        for layer in config.layers
        for pooling in config.poolings or ("",)
        for probe in config.probes
    }
    return [
        {"id": row.id, "speaker": row.speaker, "fold": number, "label": row.label}
        | {name: found[row.id] for name, found in answers.items()}
        for row in split.test_rows
    ]


def _answers(
    config: ProbeLayersConfig, records: Records, split: DataSplit, pooled: PooledFeatures, choice: tuple[str, str, str]
) -> Mapping[str, str]:
    """Choose C on the validation speakers, fit on training and validation speakers, and answer the test utterances."""
    layer, pooling, probe = choice
    labels = np.array(records.manifest.labels)
    parts = ("train", "validation", "test")
    x = {part: pooled_layer(pooled, layer, pooling, getattr(split, part)) for part in parts}
    y = {part: labels[list(getattr(split, part).values())] for part in parts}
    search, settings = (x["train"], y["train"], x["validation"], y["validation"]), config.classifiers
    if probe == "rbf":
        chosen, _ = choose_svm(*search, costs=settings.svm_c)
    else:
        chosen, _ = choose_cost(
            lambda cost: LogisticRegression(C=cost, max_iter=2000), *search, costs=settings.logistic_c
        )
    chosen.fit(*(np.concatenate([one["train"], one["validation"]]) for one in (x, y)))
    return dict(zip(split.test, chosen.predict(x["test"]), strict=True))
