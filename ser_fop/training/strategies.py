"""Fine-tuning strategies: trained layers, and learning rate of each layer."""

from collections.abc import Collection
from typing import Any

import keras

from ser_fop.config.settings import FinetuningSettings
from ser_fop.errors import InputError
from ser_fop.models.baselines.multi_view_classifier import MultiViewClassifier
from ser_fop.models.baselines.siamese_classifier import SiameseClassifier
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.masked_classifier import MaskedClassifier
from ser_fop.training.optimizers.layerwise_adam import LayerwiseAdam


def check_strategy(settings: FinetuningSettings, *, layers: int) -> FinetuningSettings:
    """Check the fine-tuning settings.

    Args:
        settings: Settings of the fine-tuning.
        layers: Number of layers of the backbone.

    Returns:
        `settings`, unchanged.

    Raises:
        InputError: If a setting is out of its range, or settings contradict each other.
    """
    if settings.strategy == "last_layers" and not 1 <= settings.last_layers <= layers:
        raise InputError(f"last_layers expected 1 to {layers}, received {settings.last_layers}.")
    if settings.layer_rate_decay < 1:
        raise InputError(f"layer_rate_decay expected 1 or more, received {settings.layer_rate_decay:g}.")
    if not 0 <= settings.warmup_share < 1:
        raise InputError(f"warmup_share expected 0 to 1 (exclusive), received {settings.warmup_share:g}.")
    if settings.focal_gamma < 0:
        raise InputError(f"focal_gamma expected 0 or more, received {settings.focal_gamma:g}.")
    if settings.train_on_validation and (settings.keep != "last" or len(settings.learning_rates) > 1):
        raise InputError(
            "train_on_validation leaves no speakers for a selection: expected keep `last` and one learning rate,"
            f" received keep `{settings.keep}` and {len(settings.learning_rates)}."
        )
    if settings.contrastive_weight < 0 or settings.contrastive_margin <= 0:
        raise InputError(
            "expected contrastive_weight of at least 0 and contrastive_margin above 0, received"
            f" {settings.contrastive_weight:g} and {settings.contrastive_margin:g}."
        )
    if settings.dimensional_loss_weight < 0 or (settings.dimensional_loss_weight and settings.contrastive_weight):
        raise InputError(
            "dimensional_loss_weight expected 0 or more, and 0 together with contrastive_weight, received"
            f" {settings.dimensional_loss_weight:g} with contrastive_weight {settings.contrastive_weight:g}."
        )
    if settings.epochs < 1:
        raise InputError(f"epochs expected at least 1, received {settings.epochs}.")
    return settings


def freeze(network: EmotionClassifier, settings: FinetuningSettings) -> None:
    """Freeze the layers that the strategy does not train.

    Args:
        network: The classifier, before `compile`.
        settings: Settings of the fine-tuning.
    """
    trained = {"head": 0, "last_layers": settings.last_layers}.get(settings.strategy)
    if trained is not None:
        for (layer,) in network.layer_groups()[1 + trained :]:
            layer.trainable = False


def wrap_for_training(
    classifier: EmotionClassifier, settings: FinetuningSettings, *, more_inputs: Collection[str]
) -> keras.Model:
    """Return the network to train: the classifier, or a wrapper that adds a loss or leaves out classes.

    Args:
        classifier: The classifier.
        settings: Settings of the fine-tuning. `contrastive_weight` adds the siamese loss; `dimensional_loss_weight`
            adds the loss on arousal and valence.
        more_inputs: Further inputs of the batches: `dimensional_labels` if the training utterances have them,
            `known_classes` if the records of several corpora are joined.
    """
    if "known_classes" in more_inputs:
        return MaskedClassifier(classifier)
    if settings.contrastive_weight:
        return SiameseClassifier(classifier, weight=settings.contrastive_weight, margin=settings.contrastive_margin)
    if settings.dimensional_loss_weight and "dimensional_labels" in more_inputs:
        return MultiViewClassifier(classifier, weight=settings.dimensional_loss_weight)
    return classifier


def unwrap_classifier(trained: keras.Model) -> EmotionClassifier:
    """Return the classifier of a network that `wrap_for_training` returned."""
    return trained if isinstance(trained, EmotionClassifier) else trained.classifier


def optimizer_of(network: keras.Model, settings: FinetuningSettings, rate: Any) -> keras.optimizers.Optimizer:
    """Return Adam; with rate decay or gradual unfreezing, each layer group has its own learning rate.

    Args:
        network: The network to train, after `freeze`.
        settings: Settings of the fine-tuning.
        rate: Learning rate of the head, or its schedule.
    """
    if settings.layer_rate_decay == 1 and settings.strategy != "gradual":
        return keras.optimizers.Adam(rate)
    groups = [[weight for layer in group for weight in layer.trainable_weights] for group in network.layer_groups()]
    scales = [settings.layer_rate_decay**-depth for depth in range(len(groups))]
    return LayerwiseAdam(groups, scales, rate)


def callbacks_of(network: EmotionClassifier, settings: FinetuningSettings) -> list[keras.callbacks.Callback]:
    """Return the callbacks of the strategy.

    Args:
        network: The compiled classifier.
        settings: Settings of the fine-tuning.
    """
    return [GradualUnfreezing(network.optimizer)] if settings.strategy == "gradual" else []


class GradualUnfreezing(keras.callbacks.Callback):
    """Gradual unfreezing: epoch 1 trains the head, and each further epoch adds the next layer below.

    Args:
        optimizer: Optimizer with the layer groups, from the head down.
    """

    def __init__(self, optimizer: LayerwiseAdam) -> None:
        super().__init__()
        self._optimizer = optimizer
        self._scales = optimizer.scales

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the learning-rate scales of this epoch."""
        self._optimizer.scales = [scale if depth <= epoch else 0.0 for depth, scale in enumerate(self._scales)]
