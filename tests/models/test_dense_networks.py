"""Networks for vectors: the denoising autoencoder and the original ladder network."""

import keras
import numpy as np
import pytest

from ser_fop.layers.label_loss_layer import UNKNOWN
from ser_fop.models.baselines.dense_autoencoder import DenseAutoencoder
from ser_fop.models.baselines.dense_ladder import DenseLadder
from ser_fop.testing.arrays import normal


def factors(count=400, width=12, seed=0):
    """Draw standardised vectors of three factors, and classes that follow the first factor."""
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(count, 3))
    vectors = hidden @ np.random.default_rng(7).normal(size=(3, width)) + 0.2 * generator.normal(size=(count, width))
    return ((vectors - vectors.mean(axis=0)) / vectors.std(axis=0)).astype(np.float32), (hidden[:, 0] > 0).astype(int)


def encoded(network, vectors):
    for layer in network.encoder_arrays():
        vectors = np.maximum(vectors @ layer["kernel"] + layer["bias"], 0.0)
    return vectors


def test_autoencoder_denoises_better_than_identity():
    keras.utils.set_random_seed(0)
    vectors, _ = factors()
    network = DenseAutoencoder(12, (16, 4), noise=0.8, hidden_share=0.0)
    network.compile(keras.optimizers.Adam(3e-3), "mse", jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    network.fit(vectors, vectors, batch_size=50, epochs=60, verbose=0)
    clean, _ = factors(200, seed=1)
    noisy = clean + 0.8 * normal(200, 12, seed=2)
    error = np.square(network.predict(noisy, verbose=0) - clean).mean()
    assert error < 0.7 * np.square(noisy - clean).mean()


def test_autoencoder_arrays_compute_its_code():
    network = DenseAutoencoder(12, (6, 4))
    vectors = normal(5, 12)
    code = keras.Model(network.inputs, network.get_layer("encoder_2").output)
    np.testing.assert_allclose(encoded(network, vectors), code(vectors, training=False), atol=1e-5)


@pytest.mark.usefixtures("eager")
def test_ladder_arrays_compute_its_clean_hidden_layer():
    keras.utils.set_random_seed(0)
    network = DenseLadder(12, (6, 4), 2)
    network.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    vectors, classes = factors()
    network.fit({"vector": vectors, "class_index": classes}, batch_size=200, epochs=2, verbose=0)
    top = network.get_layer("shift_2")
    _, clean = top._inbound_nodes  # the noisy pass is built first
    code = keras.Model(network.inputs, clean.output_tensors[0])
    found = code({"vector": vectors[:7], "class_index": classes[:7]}, training=False)
    np.testing.assert_allclose(encoded(network, vectors[:7]), found, atol=1e-4)


def test_ladder_without_noise_and_costs_is_supervised_network():
    tf = pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(0)
    network = DenseLadder(12, (6, 4), 2, noise=0.0, costs=(0.0,))
    vectors, classes = factors(40)
    inputs = {"vector": vectors, "class_index": classes}
    outputs = network(inputs, training=True)
    losses = [float(value) for value in network.losses]
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(classes, outputs["logits"])
    assert sum(losses) == pytest.approx(float(expected), rel=1e-4)
    shared = [
        weight for layer in network.layers if layer.name.startswith(("up_", "shift_")) for weight in layer.weights
    ]
    variables = [weight.value for weight in shared]
    with tf.GradientTape() as tape:
        network(inputs, training=True)
        total = sum(network.losses)
    found = tape.gradient(total, variables)
    with tf.GradientTape() as tape:
        logits = network(inputs, training=True)["logits"]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(classes, logits)
    for one, other in zip(found, tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_ladder_supervised_loss_equals_numpy():
    """The NumPy version has each product, batch normalisation, shift and ReLU of the original."""
    keras.utils.set_random_seed(0)
    network = DenseLadder(12, (6, 4), 2, noise=0.0, costs=(0.0,))
    vectors, classes = factors(40)
    for name in ("shift_1", "shift_2", "shift_3"):
        layer = network.get_layer(name)
        layer.set_weights([normal(*weight.shape, seed=3) for weight in layer.weights])
    inputs = {"vector": vectors, "class_index": classes}
    hidden = vectors
    for number in (1, 2, 3):
        (kernel,) = network.get_layer(f"up_{number}").get_weights()
        summed = hidden @ kernel
        hidden = (summed - summed.mean(axis=0)) / np.sqrt(summed.var(axis=0) + 1e-5)
        weights = {weight.name: weight.numpy() for weight in network.get_layer(f"shift_{number}").weights}
        hidden = hidden + weights["bias"]
        hidden = hidden * weights["scale"] if number == 3 else np.maximum(hidden, 0.0)
    probabilities = np.exp(hidden) / np.exp(hidden).sum(axis=1, keepdims=True)
    expected = -np.log(probabilities[np.arange(40), classes]).mean()
    network(inputs, training=True)
    assert sum(float(value) for value in network.losses) == pytest.approx(expected, rel=1e-4)
    denoising = DenseLadder(12, (6, 4), 2, noise=0.0, costs=(1.0,))
    denoising.set_weights(network.get_weights())
    denoising(inputs, training=True)
    assert sum(float(value) for value in denoising.losses) > expected + 0.1


@pytest.mark.slow
def test_ladder_recognises_and_denoises_with_few_labels():
    """With 12 labelled and 388 unlabelled vectors, accuracy on new vectors is above chance."""
    keras.utils.set_random_seed(0)
    vectors, classes = factors()
    labelled = np.where(np.arange(400) < 12, classes, UNKNOWN)
    network = DenseLadder(12, (16, 8), 2, noise=0.3)
    network.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    network.fit({"vector": vectors, "class_index": labelled}, batch_size=100, epochs=80, verbose=0)
    test_vectors, test_classes = factors(300, seed=1)
    found = network.predict({"vector": test_vectors, "class_index": np.full(300, UNKNOWN)}, verbose=0, batch_size=300)
    assert (found["logits"].argmax(axis=1) == test_classes).mean() > 0.7
    # In inference the noise has standard deviation 0.3, so the noisy input itself has a squared error of 0.09.
    assert np.square(found["denoised"] - test_vectors).mean() < 0.09
