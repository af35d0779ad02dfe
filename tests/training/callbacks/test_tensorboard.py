import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.training.callbacks.tensorboard import PretrainingTensorBoard
from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam


@pytest.fixture
def model():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 24)
    model.compile(GradientNormAdam(schedule), "mse", jit_compile=False)
    return model


def events(folder):
    paths = sorted(folder.rglob("events.*"))
    return [event for path in paths for event in tf.compat.v1.train.summary_iterator(str(path))]


def test_tensorboard_writes_scalars_and_images(model, tmp_path):
    true, predicted = np.random.default_rng(0).normal(size=(2, 50, 8)).astype(np.float32)
    board = PretrainingTensorBoard(
        tmp_path, frames=4000, batches=4, padding=0.25, example=lambda: (true, predicted), every=2
    )
    x = np.ones((8, 2), np.float32)
    y = np.ones((8, 1), np.float32)
    callbacks = [board, keras.callbacks.TensorBoard(tmp_path, write_graph=False)]
    history = model.fit(x, y, validation_data=(x, y), batch_size=2, epochs=3, callbacks=callbacks, verbose=0).history
    assert history["padding"] == [0.25] * 3
    assert history["learning_rate"][0] > history["learning_rate"][1] > 0
    assert all(norm > 0 for norm in history["gradient_norm"])
    assert all(0 < rate < 1e7 for rate in history["useful_frames_per_s"])
    found = {value.tag: value for event in events(tmp_path) for value in event.summary.value}
    assert {"epoch_gradient_norm", "epoch_useful_frames_per_s", "epoch_padding", "epoch_learning_rate"} <= set(found)
    steps = [
        event.step for event in events(tmp_path) for value in event.summary.value if value.tag.startswith("true above")
    ]
    assert steps == [0, 2]
    picture = next(value for tag, value in found.items() if tag.startswith("true above"))
    width, height, png = picture.tensor.string_val
    assert (int(width), int(height)) == (50, 2 * 8 + 2)
    pixels = tf.io.decode_png(png).numpy()[..., 0].astype(float)
    # Time runs to the right, low bands are at the bottom, and the true log-mel is the upper half.
    expected = true[:, ::-1].T - true[:, ::-1].T.mean(axis=1, keepdims=True)
    assert np.corrcoef(pixels[:8].ravel(), expected.ravel())[0, 1] > 0.98
