import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.losses import ContrastiveLoss
from ser_fop.metrics import ContrastiveError
from ser_fop.models.baselines.contrastive_predictor import ContrastivePredictor
from ser_fop.models.baselines.info_nce import InfoNCE
from ser_fop.testing.arrays import mask_of, network_inputs, normal

MELS = 6
TINY = ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.0)


def test_info_nce_equals_numpy():
    predicted, true = normal(2, 5, 4), normal(2, 5, 4, seed=1)
    mask = mask_of((5, 3), 5)
    found = np.asarray(InfoNCE()(predicted, true, mask))
    for utterance, length in enumerate((5, 3)):
        scores = predicted[utterance] @ true[utterance, :length].T / np.sqrt(4)
        probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found[utterance, :length, 0], -np.log(np.diag(probabilities)), rtol=1e-4)


def test_info_nce_ignores_padding():
    predicted, true = normal(1, 6, 4), normal(1, 6, 4, seed=1)
    mask = mask_of((4,), 6)
    junk = np.where(mask[..., None], true, 50.0).astype(np.float32)
    one, other = (np.asarray(InfoNCE()(predicted, target, mask))[:, :4] for target in (true, junk))
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize(("stacked", "num_horizons"), [(1, 1), (1, 2), (3, 1), (3, 2)])
def test_predictions_do_not_depend_on_future_frames(stacked, num_horizons):
    """The input `later` contains future frames; only the loss may depend on it, not the predictions."""
    network = ContrastivePredictor(dataclasses.replace(TINY, stacked_frames=stacked), MELS, num_horizons=num_horizons)
    inputs = network_inputs((10, 7), MELS)  # not a whole number of steps
    later = normal(2, 10, num_horizons * MELS, seed=4)
    found = network({**inputs, "later": later})
    assert found.shape == (2, 10, 1)
    np.testing.assert_array_equal(found[:, 0], found[:, stacked - 1])  # same step
    heads = [layer for layer in network.layers if layer.name.startswith("prediction_")]
    assert len(heads) == num_horizons
    context = keras.Model(network.inputs, [head.output for head in heads])
    one, other = (context({**inputs, "later": values}) for values in (later, later + 1))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_array_equal(before, after)
    assert np.abs(np.asarray(network({**inputs, "later": later[:, ::-1]})) - np.asarray(found)).max() > 1e-3


def test_contrastive_loss_and_metric_average_real_frames():
    given = normal(2, 5, 1)
    mask = mask_of((5, 2), 5)
    weight = mask.astype(np.float32)
    expected = given[..., 0][mask].mean()
    assert float(ContrastiveLoss()(weight, given, sample_weight=weight)) == pytest.approx(expected, rel=1e-5)
    metric = ContrastiveError()
    for part in (np.s_[:1], np.s_[1:]):
        metric.update_state(weight[part], given[part], sample_weight=weight[part])
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_predictor_learns_to_identify_future_frames():
    keras.utils.set_random_seed(0)
    network = ContrastivePredictor(TINY, MELS)
    mel = (
        np.repeat(normal(8, 1, MELS, seed=3), 6, axis=1) + np.arange(6)[None, :, None]
    )  # each frame depends on its position
    inputs = {"mel": mel[:, :-1], "mask": np.ones((8, 5), bool), "later": mel[:, 1:]}
    weight = np.ones((8, 5), np.float32)
    network.compile(keras.optimizers.Adam(0.02), ContrastiveLoss(), jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    history = network.fit(inputs, weight, sample_weight=weight, epochs=150, verbose=0).history["loss"]
    assert history[0] > 0.8 * np.log(5)
    assert history[-1] < 0.65 * np.log(5)
