"""What fine-tuning trains, and how fast each depth of the network learns."""

from typing import Any

import keras

from ser_fop.config.settings import FinetuningSettings
from ser_fop.errors import InputError
from ser_fop.models.baselines.multi_view_classifier import MultiViewClassifier
from ser_fop.models.baselines.siamese_classifier import SiameseClassifier
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.training.optimizers.layerwise_adam import LayerwiseAdam


def check_strategy(settings: FinetuningSettings, *, layers: int) -> FinetuningSettings:
    """Return `settings`, or raise `InputError` where they cannot be followed.

    Args:
        settings: How the network learns.
        layers: Attention layers that it has.
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
            "train_on_validation leaves no speaker to choose by: it expected keep `last` and one learning rate, received"
            f" keep `{settings.keep}` and {len(settings.learning_rates)}."
        )
    if settings.contrastive_weight < 0 or settings.contrastive_margin <= 0:
        raise InputError(
            "contrastive_weight must not be negative and contrastive_margin must be positive, received"
            f" {settings.contrastive_weight:g} and {settings.contrastive_margin:g}."
        )
    if settings.dimensional_loss_weight < 0 or (settings.dimensional_loss_weight and settings.contrastive_weight):
        raise InputError(
            "dimensional_loss_weight must not be negative, and stands beside no contrastive_weight, received"
            f" {settings.dimensional_loss_weight:g} and {settings.contrastive_weight:g}."
        )
    if settings.epochs < 1:
        raise InputError(f"epochs expected at least 1, received {settings.epochs}.")
    return settings


def freeze(network: EmotionClassifier, settings: FinetuningSettings) -> None:
    """Freeze the layers that the strategy leaves as they are.

    Args:
        network: The classifier, not compiled yet.
        settings: Its strategy.
    """
    kept = {"head": 0, "last_layers": settings.last_layers}.get(settings.strategy)
    if kept is not None:
        for (layer,) in network.layer_groups()[1 + kept :]:
            layer.trainable = False


def wrap_for_training(
    classifier: EmotionClassifier, settings: FinetuningSettings, *, dimensional_labels: bool
) -> keras.Model:
    """Return the network in the form in which it is trained: itself, a siamese pair of it, or with other views.

    Args:
        classifier: The network that will answer.
        settings: What its training minimises.
        dimensional_labels: Whether arousal and valence are known.
    """
    if settings.contrastive_weight:
        return SiameseClassifier(classifier, weight=settings.contrastive_weight, margin=settings.contrastive_margin)
    if settings.dimensional_loss_weight and dimensional_labels:
        return MultiViewClassifier(classifier, weight=settings.dimensional_loss_weight)
    return classifier


def unwrap_classifier(trained: keras.Model) -> EmotionClassifier:
    """Return the classifier of a network in any form in which it is trained."""
    return trained if isinstance(trained, EmotionClassifier) else trained.classifier


def optimizer_of(network: keras.Model, settings: FinetuningSettings, rate: Any) -> keras.optimizers.Optimizer:
    """Return Adam, each depth at a rate of its own where the settings ask for it.

    Args:
        network: The classifier in the form in which it is trained, frozen as the strategy says.
        settings: Strategy and decay.
        rate: The head's learning rate, or its schedule.
    """
    if settings.layer_rate_decay == 1 and settings.strategy != "gradual":
        return keras.optimizers.Adam(rate)
    groups = [[weight for layer in group for weight in layer.trainable_weights] for group in network.layer_groups()]
    scales = [settings.layer_rate_decay**-depth for depth in range(len(groups))]
    return LayerwiseAdam(groups, scales, rate)


def callbacks_of(network: EmotionClassifier, settings: FinetuningSettings) -> list[keras.callbacks.Callback]:
    """Return what the strategy does between epochs.

    Args:
        network: The compiled classifier.
        settings: Its strategy.
    """
    return [GradualUnfreezing(network.optimizer)] if settings.strategy == "gradual" else []


class GradualUnfreezing(keras.callbacks.Callback):
    """Lets one group more learn each epoch: the head in the first, everything in the end.

    Args:
        optimizer: Its groups stand from the head down.
    """

    def __init__(self, optimizer: LayerwiseAdam) -> None:
        super().__init__()
        self._optimizer = optimizer
        self._scales = optimizer.scales

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the scales of the epoch that begins."""
        self._optimizer.scales = [scale if depth <= epoch else 0.0 for depth, scale in enumerate(self._scales)]
