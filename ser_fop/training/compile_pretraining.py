"""Compilation of a network for a pretraining."""

import dataclasses
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.distribute.train_step import distribute_steps
from ser_fop.training.optimizers.factory import pretraining_optimizer
from ser_fop.training.pretraining_data import PretrainingData
from ser_fop.training.reuse import get_or_compile, schedule_key
from ser_fop.training.setup import jit_compile, learning_rate

# Settings of the data and of early stopping: the traced training step does not depend on them.
_NOT_TRACED = frozenset(
    {
        "freq_mask",
        "time_mask",
        "masks",
        "renditions",
        "batch_size",
        "batch_frames",
        "chunk_frames",
        "epochs",
        "patience",
        "validation_share",
    }
)


def compile_pretraining(
    network: keras.Model,
    settings: PretrainingSettings,
    *,
    size: ModelConfig,
    data: PretrainingData,
    distribution: Distribution,
) -> keras.Model:
    """Return the compiled network of a pretraining.

    With TensorFlow on one device, an identical network of an earlier fold or repeat is reused with its traced training
    step. The loss then reads each band's standard deviation from the network's normalisation, so that it follows the
    fold.

    Args:
        network: The network, with the normalisation statistics of the training speakers.
        settings: Settings of the pretraining: objective, optimizer and schedule.
        size: Size of the network.
        data: The batches, and the objective.
        distribution: The devices; with a strategy, they divide each batch among them.

    Returns:
        The network to train, with the weights of `network`.
    """
    with distribution.scope():
        rate = learning_rate(settings.learning_rate, settings, data.train)

    def compile_network(model: keras.Model, std: Any) -> None:
        with distribution.scope():
            optimizer = pretraining_optimizer(settings, rate)
            optimizer.build(model.trainable_variables)
        loss, metrics = data.objective.loss(std), data.objective.metrics(std)
        model.compile(optimizer=optimizer, loss=loss, weighted_metrics=metrics, jit_compile=jit_compile())

    if distribution.strategy is not None or keras.backend.backend() != "tensorflow":
        compile_network(network, data.std)
        distribute_steps(network, distribution, data.validation, own_batches=data.per_worker_batches)
        return network
    traced = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return get_or_compile(
        network,
        lambda model: compile_network(model, model.backbone.normalization.std),
        rate=rate,
        kind="pretrain",
        size=size,
        mels=data.features.width,
        spec=data.objective.spec,
        settings={name: value for name, value in traced.items() if name not in _NOT_TRACED},
        warmup_steps=data.objective.warmup_steps(data.steps),
        schedule=schedule_key(rate),
    )
