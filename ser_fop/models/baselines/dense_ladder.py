"""A ladder network for vectors, such as functionals."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ser_fop.layers.corrupting_noise import CorruptingNoise
from ser_fop.layers.denoising_loss_layer import DenoisingLossLayer
from ser_fop.layers.label_loss_layer import LabelLossLayer
from ser_fop.models.baselines.bias_scale import BiasScale
from ser_fop.models.baselines.ladder_combinator import LadderCombinator

_EPSILON = 1e-5


class DenseLadder(keras.Model):
    """The original ladder network: a noisy encoder that classifies, and a decoder that denoises each layer.

    Batch normalisation uses labelled and unlabelled vectors together. The network adds all its
    losses itself (`add_loss`): compile it without a loss.

    Args:
        width: Size of a vector. Its values have mean 0 and standard deviation 1.
        widths: Widths of the hidden layers.
        classes: Number of classes.
        noise: Standard deviation of the noise on the input and on each layer.
        costs: Weights of the denoising losses: of the input, of the first layer, and of each
            later layer.

    Call arguments:
        inputs: Dict of `vector` (batch, width) and `class_index` (batch,), -1 for an
            unlabelled vector.

    Output shape:
        Dict of `logits` (batch, classes), from the clean encoder, and `denoised` (batch, width).

    Reference:
        Rasmus et al. 2015 (arXiv 1507.02672), the paper's reference 16.
    """

    def __init__(
        self,
        width: int,
        widths: Sequence[int],
        classes: int,
        *,
        noise: float = 0.3,
        costs: Sequence[float] = (10.0, 1.0, 0.1),
        **kwargs: Any,
    ) -> None:
        vector = keras.Input((width,), name="vector")
        class_index = keras.Input((), dtype="int32", name="class_index")
        sizes = [width, *widths, classes]
        top = len(sizes) - 1
        layers = [_Layer(number, size, is_top=number == top) for number, size in enumerate(sizes[1:], start=1)]
        # --- Encoder: a noisy and a clean pass
        noisy, clean = [CorruptingNoise(noise, name="noise_0")(vector)], [vector]
        hidden = {"noisy": noisy[0], "clean": vector}
        for number, layer in enumerate(layers, start=1):
            add_noise = CorruptingNoise(noise, name=f"noise_{number}")
            noisy.append(add_noise(layer.noisy_norm(layer.dense(hidden["noisy"]))))
            clean.append(layer.norm(layer.dense(hidden["clean"])))
            hidden = {"noisy": layer.shift(noisy[-1]), "clean": layer.shift(clean[-1])}
        noisy_logits = LabelLossLayer(name="label_cost")(hidden["noisy"], class_index)
        # --- Decoder: denoises each layer
        real = ops.ones_like(class_index)
        denoised = ops.softmax(noisy_logits)
        for height, size in reversed(list(enumerate(sizes))):
            if height < top:
                denoised = keras.layers.Dense(size, use_bias=False, name=f"down_to_{height}")(denoised)
            above = _norm(f"norm_of_{height}")(denoised)
            estimate = LadderCombinator(name=f"combinator_{height}")(noisy[height], above)
            weight = costs[min(height, len(costs) - 1)]
            cost = DenoisingLossLayer(weight, standardised=height > 0, name=f"cost_{height}")
            denoised = cost(estimate, clean[height], real)
        outputs = {"logits": hidden["clean"], "denoised": denoised}
        super().__init__(inputs={"vector": vector, "class_index": class_index}, outputs=outputs, **kwargs)
        self._hidden_layers = layers[:-1]

    def encoder_arrays(self) -> list[dict[str, Any]]:
        """Return `kernel` and `bias` of each hidden layer, in order, with its normalisation folded in."""
        arrays = []
        for layer in self._hidden_layers:
            (kernel,), (mean, variance) = layer.dense.get_weights(), layer.norm.get_weights()
            (bias,) = layer.shift.get_weights()
            scale = 1.0 / (variance + _EPSILON) ** 0.5
            arrays.append({"kernel": kernel * scale, "bias": bias - mean * scale})
        return arrays


class _Layer:
    """One encoder layer: both passes share its weights, but each has separate batch normalisation statistics."""

    def __init__(self, number: int, size: int, *, is_top: bool) -> None:
        self.dense = keras.layers.Dense(size, use_bias=False, name=f"up_{number}")
        self.norm = _norm(f"clean_norm_{number}")
        self.noisy_norm = _norm(f"noisy_norm_{number}")
        self.shift = BiasScale(scaled=is_top, activation="linear" if is_top else "relu", name=f"shift_{number}")


def _norm(name: str) -> keras.layers.Layer:
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=_EPSILON, center=False, scale=False, name=name)
