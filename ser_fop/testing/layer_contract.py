"""Checks that every Keras layer of the package must pass."""

import json
from typing import Any

import keras
import numpy as np

# bfloat16 has 8 bits of precision: the error is some hundredths after a few operations on values near 1.
_BFLOAT16_ATOL = 0.15


def check_layer(layer_class: type, config: dict[str, Any], x: np.ndarray, **masks: np.ndarray) -> None:
    """Check config, building, symbolic calls, training, mixed precision and deserialisation.

    Args:
        layer_class: Class of the layer.
        config: Arguments of its constructor.
        x: First call argument, of shape (batch, frames, features).
        **masks: Other call arguments, of shape (batch, frames).

    Raises:
        AssertionError: If a part of the contract is broken.
    """
    _check_config(layer_class, config)
    _check_build(layer_class, config, x, masks)
    _check_symbolic_call(layer_class, config, x, masks)
    _check_training(layer_class, config, x, masks)
    _check_mixed_precision(layer_class, config, x, masks)
    _check_deserialization(layer_class, config, x, masks)


def functional_model(layer: Any, x: np.ndarray, masks: dict[str, np.ndarray]) -> keras.Model:
    """Return a model that consists of the layer, with dynamic batch and frame axes and inputs `x` and masks by name."""
    inputs = keras.Input((None, x.shape[-1]), name="x")
    others = {name: keras.Input((None,), dtype="bool", name=name) for name in masks}
    return keras.Model({"x": inputs, **others}, layer(inputs, **others))


def _check_config(layer_class: type, config: dict[str, Any]) -> None:
    layer = layer_class(**config, name="chosen")
    found = layer.get_config()
    json.dumps(found)
    for key, value in config.items():
        assert found[key] == value, f"expected {key}={value!r} in get_config, received {found[key]!r}"
    again = layer_class.from_config(found)
    assert type(again) is layer_class
    assert again.get_config() == found, f"{again.get_config()} differs from {found}"
    assert again.name == "chosen"


def _check_build(layer_class: type, config: dict[str, Any], x: np.ndarray, masks: dict[str, np.ndarray]) -> None:
    built, called = layer_class(**config), layer_class(**config)
    built.build((None, None, x.shape[-1]))
    output = called(x, **masks)
    assert built.built
    shapes = [tuple(weight.shape) for weight in built.weights]
    assert shapes == [tuple(weight.shape) for weight in called.weights], (
        "`build` and the first call create different weights"
    )
    assert built.compute_output_shape(x.shape) == tuple(output.shape)
    dynamic = built.compute_output_shape((None, None, x.shape[-1]))
    assert len(dynamic) == len(output.shape)
    assert all(size is None or size == real for size, real in zip(dynamic, output.shape, strict=True))
    assert dynamic[0] is None


def _check_symbolic_call(
    layer_class: type, config: dict[str, Any], x: np.ndarray, masks: dict[str, np.ndarray]
) -> None:
    layer = layer_class(**config)
    model = functional_model(layer, x, masks)
    assert model.output_shape == layer.compute_output_shape((None, None, x.shape[-1]))
    eager = np.asarray(layer(x, **masks))
    np.testing.assert_allclose(model.predict_on_batch({"x": x, **masks}), eager, rtol=0, atol=1e-5)
    shorter = {name: mask[:, :-1] for name, mask in masks.items()}
    eager = np.asarray(layer(x[:, :-1], **shorter))
    np.testing.assert_allclose(model.predict_on_batch({"x": x[:, :-1], **shorter}), eager, rtol=0, atol=1e-5)


def _check_training(layer_class: type, config: dict[str, Any], x: np.ndarray, masks: dict[str, np.ndarray]) -> None:
    """Fit one compiled step; check that gradients reach all trainable weights and the layer before."""
    layer, before = layer_class(**config), keras.layers.Dense(x.shape[-1])
    inputs = keras.Input((None, x.shape[-1]), name="x")
    others = {name: keras.Input((None,), dtype="bool", name=name) for name in masks}
    model = keras.Model({"x": inputs, **others}, layer(before(inputs), **others))
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    watched = [before.kernel, *layer.trainable_weights]
    frozen = [np.array(weight) for weight in layer.non_trainable_weights]
    old = [np.array(weight) for weight in watched]
    target = np.random.default_rng(1).normal(size=layer(x, **masks).shape).astype(np.float32)
    loss = model.fit({"x": x, **masks}, target, batch_size=len(x), epochs=1, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    for weight, value in zip(watched, old, strict=True):
        assert np.isfinite(weight).all(), f"{weight.path} is not finite after a step"
        assert np.abs(np.asarray(weight) - value).max() > 0, f"{weight.path} does not change in training"
    for weight, value in zip(layer.non_trainable_weights, frozen, strict=True):
        if "seed" not in weight.path and weight.name != "steps":  # counters and random seeds may change
            np.testing.assert_array_equal(weight, value)


def _check_mixed_precision(
    layer_class: type, config: dict[str, Any], x: np.ndarray, masks: dict[str, np.ndarray]
) -> None:
    mixed, plain = layer_class(**config, dtype="mixed_bfloat16"), layer_class(**config)
    output, expected = mixed(x, **masks), plain(x, **masks)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    for weight in mixed.weights:
        assert weight.dtype == "float32" or "seed" in weight.path, f"{weight.path} is stored as {weight.dtype}"
    mixed.set_weights(plain.get_weights())
    output = np.asarray(keras.ops.cast(mixed(x, **masks), "float32"))
    assert np.isfinite(output).all()
    np.testing.assert_allclose(output, expected, rtol=0, atol=_BFLOAT16_ATOL)


def _check_deserialization(
    layer_class: type, config: dict[str, Any], x: np.ndarray, masks: dict[str, np.ndarray]
) -> None:
    registered = f"ser_fop>{layer_class.__name__}"
    assert keras.saving.get_registered_name(layer_class) == registered
    assert keras.saving.get_registered_object(registered) is layer_class
    serialized = keras.saving.serialize_keras_object(layer_class(**config))
    assert serialized["registered_name"] == registered
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(serialized)))
    assert type(again) is layer_class
    model = functional_model(layer_class(**config), x, masks)
    copy = keras.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    inputs = {"x": x, **masks}
    np.testing.assert_array_equal(copy.predict_on_batch(inputs), model.predict_on_batch(inputs))
