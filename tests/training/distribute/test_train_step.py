"""Training step on one device; tests/pipelines/test_distributed.py tests several workers in separate processes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import ModelConfig
from ser_fop.data.datasets import pad_to_batch_count, unlabelled_batches
from ser_fop.losses import FramePredictionLoss
from ser_fop.metrics import FrameError
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.distribute.train_step import distribute_steps
from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam

STD = np.ones(FEATURES.mels)


class OneDevice(Distribution):
    """A real strategy, on the only device of this process."""

    strategy = None

    def __init__(self):
        super().__init__("mirrored")
        self.strategy = tf.distribute.MirroredStrategy(["CPU:0"])


@pytest.fixture(scope="module")
def batches(tmp_path_factory):
    records = write_toy_records(tmp_path_factory.mktemp("toy") / "records", toy_utterances(per_speaker=6))
    parts = [(records, {row.id for row in records.rows})]
    return unlabelled_batches(parts, horizons=(1,), batch_size=4, batch_frames=100)


def trained(batches, distribution, *, weight_decay=None):
    keras.utils.set_random_seed(3)
    with distribution.scope():
        network = FramePredictor(ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.3), FEATURES.mels)
        # The gradient's norm is far above the limit: a step that clips each part on its own gives another result.
        optimizer = GradientNormAdam(1e-2, global_clipnorm=0.1, weight_decay=weight_decay)
        optimizer.build(network.trainable_variables)
    network.compile(
        optimizer,
        FramePredictionLoss("l1", STD),
        weighted_metrics=[FrameError("l1", STD)],
        jit_compile=False,
    )
    distribute_steps(network, distribution, batches)
    history = network.fit(batches, validation_data=batches, epochs=2, shuffle=False, verbose=0).history
    return network.get_weights(), history, optimizer.mean_norm()


@pytest.mark.parametrize("weight_decay", [pytest.param(None, marks=pytest.mark.slow), 0.1])
def test_distribute_steps_with_one_replica_equals_keras(batches, weight_decay):
    one, other = (trained(batches, where, weight_decay=weight_decay) for where in (Distribution("none"), OneDevice()))
    assert one[1].keys() == other[1].keys() == {"loss", "error", "val_loss", "val_error"}
    for key in one[1]:
        np.testing.assert_allclose(one[1][key], other[1][key], rtol=1e-4)
    assert one[2] == pytest.approx(other[2], rel=1e-3)
    assert one[2] > 0.1
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_batches_of_weight_zero_do_not_change_metrics(batches):
    count = int(batches.cardinality())
    longer = pad_to_batch_count(batches, count + 2)
    assert int(longer.cardinality()) == count + 2 == sum(1 for _ in longer)
    assert pad_to_batch_count(batches, count) is batches
    keras.utils.set_random_seed(3)
    network = FramePredictor(ModelConfig(d_model=8, heads=2, feed_forward=8), FEATURES.mels)
    network.compile(loss=FramePredictionLoss("l1", STD), weighted_metrics=[FrameError("l1", STD)])
    distribute_steps(network, OneDevice(), batches)
    with_blanks = network.evaluate(longer, verbose=0, return_dict=True)
    assert with_blanks == pytest.approx(network.evaluate(batches, verbose=0, return_dict=True), rel=1e-6)
    # Counter-case: Keras' own step counts the utterances of weight 0, so its loss differs.
    keras_network = FramePredictor(ModelConfig(d_model=8, heads=2, feed_forward=8), FEATURES.mels)
    keras_network.set_weights(network.get_weights())
    keras_network.compile(loss=FramePredictionLoss("l1", STD))
    assert keras_network.evaluate(longer, verbose=0) < 0.95 * with_blanks["loss"]
