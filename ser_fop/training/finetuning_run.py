"""Test, metrics and files of one fine-tuning."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ser_fop.config.stages import FinetuneConfig
from ser_fop.data.joined_records import JoinedRecords, corpora_of
from ser_fop.evaluation.by_corpus import scores_by_corpus
from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.predictions import (
    PREDICTIONS,
    UNRESTRICTED,
    Prediction,
    predictions_from,
    write_predictions,
)
from ser_fop.hub.networks import NETWORK
from ser_fop.models.network_spec import EMOTION_CLASSIFIER, NetworkSpec
from ser_fop.models.saving import save_network
from ser_fop.training.classification import probabilities_of
from ser_fop.training.finetuning_data import FinetuningData
from ser_fop.training.starting_point import StartingPoint
from ser_fop.training.strategies import unwrap_classifier
from ser_fop.utils.run_folder import Stage


class FinetuningRun:
    """Run folder of a fine-tuning. It keeps the weights of the best learning rate.

    Args:
        stage: The run folder being written.
        config: The stage's config.
        data: The datasets.
    """

    def __init__(self, stage: Stage, config: FinetuneConfig, data: FinetuningData) -> None:
        self._stage, self._config, self._data = stage, config, data
        self._tried: list[dict[str, Any]] = []
        self._chosen: dict[str, Any] = {}
        self._weights: list[np.ndarray] = []

    def logs(self, rate: float) -> Path:
        """Return the TensorBoard folder of a learning rate."""
        return self._stage.folder / "logs" / f"learning_rate_{rate:g}"

    def keep_if_best(self, model: keras.Model, rate: float, fitted: Mapping[str, Any]) -> None:
        """Keep a trained network's weights if its validation accuracy is the best so far.

        Args:
            model: The network with the weights of its best epoch.
            rate: Learning rate of the training.
            fitted: The result of `fit_classifier`.
        """
        self._tried.append({"learning_rate": rate, **fitted})
        if not self._chosen or fitted["val_accuracy"] > self._chosen["val_accuracy"]:
            self._chosen, self._weights = self._tried[-1], model.get_weights()

    def test_and_save(self, model: keras.Model, start: StartingPoint) -> Path:
        """Test the kept network once; write the network, its predictions and its metrics.

        Args:
            model: The trained network, as `wrap_for_training` returned it.
            start: The network before fine-tuning.

        Returns:
            Path of the finished run folder.
        """
        stage, data, settings = self._stage, self._data, self._config.training
        model.set_weights(self._weights)
        model = unwrap_classifier(model)
        tested, predictions = self._test(model, start) if data.split.test else ({}, [])
        heard = data.split.to_record
        spec = NetworkSpec(
            kind=EMOTION_CLASSIFIER,
            features=data.records.manifest.features,
            model=model.backbone.config,
            seen_speakers=tuple(sorted({*start.seen_speakers, *heard})),
            labelled_speakers=tuple(sorted({*start.labelled_speakers, *heard})),
            labels=data.labels,
            attention=settings.attention,
            pooling=settings.pooling,
            trim_below_db=data.records.manifest.trim_below_db,
            target=data.records.manifest.target,
        )
        written = save_network(model, spec, stage.folder / NETWORK)
        metrics = {
            **tested,
            "labels": data.labels,
            "target": data.records.manifest.target,
            "dimensional_labels": data.known_dimensional_labels(),
            "seed": self._config.seed,
            "chosen": {key: value for key, value in self._chosen.items() if key != "history"},
            "tried": self._tried,
            "parameters": model.count_params(),
            "seconds": time.perf_counter() - data.started,
        }
        extra = {"seen_speakers": spec.seen_speakers, "corpora": corpora_of([data.records])}
        out = stage.commit(metrics=metrics, content=[*written, *predictions], **extra)
        figures = "untested"
        if tested:
            figures = f"WA {tested['wa']:.4f}, UA {tested['ua']:.4f} on {tested['n']} test utterances"
        print(f"fold {self._config.fold}: {figures} -> {out}")
        return out

    def _test(self, model: keras.Model, start: StartingPoint) -> tuple[dict[str, Any], list[Path]]:
        """Return the metrics of the test utterances, and the files with their predictions."""
        config, data, split, labels = self._config, self._data, self._data.split, self._data.labels
        probabilities = probabilities_of(model, split.tested, split.test, batch_frames=config.training.batch_frames)
        files = [self._stage.folder / PREDICTIONS]
        predictions = self._predictions(
            data.known_classes.among(probabilities) if data.known_classes else probabilities
        )
        write_predictions(files[0], predictions, labels)
        if data.known_classes:
            files.append(self._stage.folder / UNRESTRICTED)
            write_predictions(files[1], self._predictions(probabilities), labels)
        figures = {
            **describe_predictions(predictions, labels),
            "transductive": split.is_transductive(start.seen_speakers),
            "selected_on": config.select_on,
            "tested_on": split.tested.corpus,
            "unmatched_utterances": split.unmatched_utterances,
            "fold": int(config.fold),
        }
        if isinstance(split.tested, JoinedRecords):
            figures["corpora"] = scores_by_corpus(predictions, labels)
        return figures, files

    def _predictions(self, probabilities: Mapping[str, np.ndarray]) -> list[Prediction]:
        options = {"labels": self._data.labels, "fold": int(self._config.fold), "seed": self._config.seed}
        return predictions_from(self._data.split.test_rows, probabilities, **options)
