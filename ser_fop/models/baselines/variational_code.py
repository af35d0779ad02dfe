"""The sampled code of a variational autoencoder."""

from typing import Any

import keras
from keras import ops

# Log-variances are clipped to this range; values beyond it carry no further information.
_LOG_VARIANCE = (-10.0, 10.0)


@keras.saving.register_keras_serializable("ser_fop")
class VariationalCode(keras.layers.Layer):
    """Sample a code from a normal distribution, and add its KL divergence from N(0, 1) to the loss.

    The output is mean + standard deviation * noise in training, and the mean in inference. The
    divergence of each step, -1/2 sum(1 + log variance - mean^2 - variance) over the code, is
    averaged over real steps. Its weight increases linearly to `weight` over `warmup_steps`.
    With the full weight from the start, the code would become independent of the input.

    Args:
        weight: Final weight of the mean divergence in the loss.
        warmup_steps: Training steps over which the weight increases.

    Call arguments:
        inputs: Means, followed by log-variances, (batch, steps, 2 * code).
        mask: Shape (batch, steps), true on real steps.
        training: Whether the code is sampled.

    Output shape:
        (batch, steps, code).

    Reference:
        Kingma and Welling 2013, "Auto-Encoding Variational Bayes" (arXiv 1312.6114), appendix B.
    """

    def __init__(self, weight: float = 1.0, warmup_steps: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.warmup_steps = warmup_steps
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] % 2:
            raise ValueError(
                f"VariationalCode expected an even width (means and variances), received {input_shape[-1]}."
            )
        self.steps = self.add_weight(shape=(), dtype="float32", initializer="zeros", trainable=False, name="steps")
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any, training: bool = False) -> Any:
        mean, log_variance = ops.split(inputs, 2, axis=-1)
        log_variance = ops.clip(log_variance, *_LOG_VARIANCE)
        real = ops.cast(mask, mean.dtype)
        by_step = divergence(mean, log_variance)
        warmup = ops.cast(ops.minimum((self.steps + 1.0) / max(self.warmup_steps, 1), 1.0), by_step.dtype)
        self.add_loss(self.weight * warmup * ops.sum(by_step * real) / ops.maximum(ops.sum(real), 1.0))
        if not training:
            return mean
        self.steps.assign_add(1.0)
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] // 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "warmup_steps": self.warmup_steps}


def divergence(mean: Any, log_variance: Any) -> Any:
    """Return the Kullback-Leibler divergence of N(mean, variance) from N(0, 1), summed over the last axis, in nats."""
    return -0.5 * ops.sum(1.0 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
