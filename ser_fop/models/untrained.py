"""The untrained twin of a network: the control that shows what pretraining adds."""

import keras

from ser_fop.models.network_spec import NetworkSpec
from ser_fop.models.saving import build_network


def untrained_twin(network: keras.Model, spec: NetworkSpec, *, seed: int) -> keras.Model:
    """Return a network of the same form with new weights and the same mel statistics.

    Args:
        network: A network with a backbone.
        spec: Its JSON config.
        seed: Seed of the new weights.
    """
    keras.utils.set_random_seed(seed)
    twin = build_network(spec)
    twin.backbone.normalization.set_weights(network.backbone.normalization.get_weights())
    return twin
