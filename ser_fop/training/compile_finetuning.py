"""Compilation of a classifier for a fine-tuning."""

import dataclasses
from collections.abc import Collection

import keras
import tensorflow as tf

from ser_fop.config.settings import FinetuningSettings
from ser_fop.training.classification import compile_classifier
from ser_fop.training.focal_loss import FocalLoss
from ser_fop.training.reuse import get_or_compile, schedule_key
from ser_fop.training.setup import learning_rate
from ser_fop.training.strategies import optimizer_of, wrap_for_training

# Settings of the data and of early stopping: the traced training step does not depend on them.
_NOT_TRACED = frozenset(
    {
        "learning_rates",
        "augmentation",
        "normalisation",
        "batch_size",
        "batch_frames",
        "class_weights",
        "epochs",
        "keep",
        "train_on_validation",
        "patience",
    }
)


def compile_finetuning(
    network: keras.Model,
    settings: FinetuningSettings,
    *,
    rate: float,
    batches: tf.data.Dataset,
    more_inputs: Collection[str],
) -> keras.Model:
    """Return the compiled network of a fine-tuning.

    An identical network of an earlier fold or repeat is reused with its traced training step.

    Args:
        network: The classifier, after `freeze`.
        settings: Settings of the fine-tuning: loss, schedule, strategy and further losses.
        rate: Learning rate of the head.
        batches: Training batches of one epoch; a schedule depends on their number.
        more_inputs: Names of the further inputs of the batches, as for `wrap_for_training`.

    Returns:
        The network to train, as `wrap_for_training` returns it, with the weights of `network`.
    """
    scheduled = learning_rate(rate, settings, batches)

    def compile_network(model: keras.Model) -> None:
        optimizer = optimizer_of(model, settings, scheduled)
        loss = FocalLoss(settings.focal_gamma) if settings.loss == "focal" else None
        compile_classifier(model, optimizer=optimizer, loss=loss)

    traced = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return get_or_compile(
        wrap_for_training(network, settings, more_inputs=more_inputs),
        compile_network,
        rate=scheduled,
        kind="finetune",
        size=network.backbone.config,
        mels=network.backbone.mels,
        classes=network.classes,
        settings={name: value for name, value in traced.items() if name not in _NOT_TRACED},
        more_inputs=tuple(sorted(more_inputs)),
        schedule=schedule_key(scheduled),
    )
