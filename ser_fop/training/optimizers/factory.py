"""Adam as the settings of pretraining ask for it, checked first."""

from typing import Any

import keras

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam


def check_pretraining(settings: PretrainingSettings, model: ModelConfig) -> PretrainingSettings:
    """Return `settings`, or raise `InputError` where they cannot be followed.

    Args:
        settings: How the network learns.
        model: Its size.
    """
    if min(settings.ladder_costs, default=-1.0) < 0:
        received = " ".join(f"{cost:g}" for cost in settings.ladder_costs)
        raise InputError(f"training.ladder_costs expected one or more weights, none negative, received {received}.")
    if settings.noise < 0:
        raise InputError(f"training.noise must not be negative, received {settings.noise:g}.")
    if settings.task != "prediction":
        if settings.loss not in ("l1", "mse", "huber"):
            raise InputError(f"training.loss of an autoencoder expected l1, mse or huber, received {settings.loss}.")
        if settings.code < 1 or settings.kl_warmup_steps < 0:
            raise InputError("training: code must be positive, and kl_warmup_steps must not be negative.")
    if settings.task == "denoising" and not (0 <= settings.mask_ratio < 1 and (settings.noise or settings.mask_ratio)):
        raise InputError(
            "training: mask_ratio is 0 to 1 (exclusive), and not 0 where noise is, received"
            f" {settings.mask_ratio:g} and {settings.noise:g}."
        )
    if not settings.horizons or len(set(settings.horizons)) < len(settings.horizons):
        raise InputError(
            f"training.horizons expected one or more distances, each once, received {list(settings.horizons)}."
        )
    if settings.task == "prediction" and min(settings.horizons) < model.stacked_frames:
        raise InputError(
            f"training.horizons expected at least the {model.stacked_frames} frames of a step (model.stacked_frames), which"
            f" sees its last one, received {min(settings.horizons)}."
        )
    if settings.epochs < 0 or settings.patience < 1 or settings.accumulate < 1:
        raise InputError(
            "training: epochs must not be negative, patience and accumulate must be positive, received"
            f" {settings.epochs}, {settings.patience} and {settings.accumulate}."
        )
    if min(settings.freq_mask, settings.time_mask, settings.masks) < 0:
        raise InputError("training: freq_mask, time_mask and masks must not be negative.")
    if min(settings.clip_norm, settings.weight_decay) < 0 or not 0 <= settings.warmup_share < 1:
        raise InputError(
            "training: clip_norm and weight_decay must not be negative, and warmup_share is 0 to 1 (exclusive), received"
            f" {settings.clip_norm:g}, {settings.weight_decay:g} and {settings.warmup_share:g}."
        )
    return settings


def check_code(settings: PretrainingSettings, model: ModelConfig, *, width: int) -> None:
    """Raise `InputError` where an autoencoder could copy what it reads: nothing would have to be learned.

    Args:
        settings: How the network learns.
        model: Its size.
        width: Values of a frame.
    """
    step = width * model.stacked_frames
    if settings.task == "autoencoder" and settings.code >= step:
        raise InputError(
            f"training.code of an autoencoder expected fewer values than the {step} of a step, received {settings.code}."
        )


def pretraining_optimizer(settings: PretrainingSettings, rate: Any) -> keras.optimizers.Optimizer:
    """Return Adam with the weight decay, clipping and accumulation of the settings.

    Accumulated gradients are averaged over batches, each of which is a mean over its own
    frames.

    Args:
        settings: How the network learns.
        rate: The learning rate, or its schedule.
    """
    return GradientNormAdam(
        rate,
        weight_decay=settings.weight_decay or None,
        global_clipnorm=settings.clip_norm or None,
        gradient_accumulation_steps=settings.accumulate if settings.accumulate > 1 else None,
    )
