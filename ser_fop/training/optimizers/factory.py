"""Checks of the pretraining settings, and the optimizer of these settings."""

from typing import Any

import keras

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam


def check_pretraining(settings: PretrainingSettings, model: ModelConfig) -> PretrainingSettings:
    """Check the pretraining settings.

    Args:
        settings: Settings of the pretraining.
        model: Size of the network.

    Returns:
        `settings`, unchanged.

    Raises:
        InputError: If a setting is out of its range, or settings contradict each other.
    """
    if min(settings.ladder_costs, default=-1.0) < 0:
        received = " ".join(f"{cost:g}" for cost in settings.ladder_costs)
        raise InputError(f"training.ladder_costs expected one or more weights of at least 0, received {received}.")
    if settings.noise < 0:
        raise InputError(f"training.noise expected 0 or more, received {settings.noise:g}.")
    if settings.task != "prediction":
        if settings.loss not in ("l1", "mse", "huber"):
            raise InputError(f"training.loss of an autoencoder expected l1, mse or huber, received {settings.loss}.")
        if settings.code < 1 or settings.kl_warmup_steps < 0:
            raise InputError(
                f"training expected code of at least 1 and kl_warmup_steps of at least 0, received {settings.code} and"
                f" {settings.kl_warmup_steps}."
            )
    if settings.task == "denoising" and not (0 <= settings.mask_ratio < 1 and (settings.noise or settings.mask_ratio)):
        raise InputError(
            "training.mask_ratio expected 0 to 1 (exclusive), and not 0 where noise is 0, received"
            f" {settings.mask_ratio:g} with noise {settings.noise:g}."
        )
    if not settings.horizons or len(set(settings.horizons)) < len(settings.horizons):
        raise InputError(
            f"training.horizons expected one or more distances without duplicates, received {list(settings.horizons)}."
        )
    if settings.task == "prediction" and min(settings.horizons) < model.stacked_frames:
        raise InputError(
            f"training.horizons expected at least {model.stacked_frames}, the frames of a step (model.stacked_frames),"
            f" because the network sees the whole step, received {min(settings.horizons)}."
        )
    if settings.epochs < 0 or settings.patience < 1 or settings.accumulate < 1:
        raise InputError(
            "training expected epochs of at least 0, patience and accumulate of at least 1, received"
            f" {settings.epochs}, {settings.patience} and {settings.accumulate}."
        )
    if min(settings.freq_mask, settings.time_mask, settings.masks) < 0:
        raise InputError(
            "training expected freq_mask, time_mask and masks of at least 0, received"
            f" {settings.freq_mask}, {settings.time_mask} and {settings.masks}."
        )
    if min(settings.clip_norm, settings.weight_decay) < 0 or not 0 <= settings.warmup_share < 1:
        raise InputError(
            "training expected clip_norm and weight_decay of at least 0, and warmup_share of 0 to 1 (exclusive),"
            f" received {settings.clip_norm:g}, {settings.weight_decay:g} and {settings.warmup_share:g}."
        )
    return settings


def check_code(settings: PretrainingSettings, model: ModelConfig, *, width: int) -> None:
    """Check that the code of a plain autoencoder is narrower than its input.

    Without noise or a KL divergence, a wider code allows a copy of the input.

    Args:
        settings: Settings of the pretraining.
        model: Size of the network.
        width: Number of values per frame.

    Raises:
        InputError: If the code is as wide as a step, or wider.
    """
    step = width * model.stacked_frames
    if settings.task == "autoencoder" and settings.code >= step:
        raise InputError(
            f"training.code of an autoencoder expected less than {step}, the values of a step, received"
            f" {settings.code}."
        )


def pretraining_optimizer(settings: PretrainingSettings, rate: Any) -> keras.optimizers.Optimizer:
    """Return Adam with the weight decay, clipping and gradient accumulation of the settings.

    Accumulated gradients are averaged over the batches; the gradient of each batch is a mean over its frames.

    Args:
        settings: Settings of the pretraining.
        rate: The learning rate, or its schedule.
    """
    return GradientNormAdam(
        rate,
        weight_decay=settings.weight_decay or None,
        global_clipnorm=settings.clip_norm or None,
        gradient_accumulation_steps=settings.accumulate if settings.accumulate > 1 else None,
    )
