import keras
import numpy as np
import pytest
import scipy.stats

from ser_fop.losses import FramePredictionLoss, frame_errors
from ser_fop.testing.arrays import mask_of, normal

STD = np.array([0.5, 2.0, 1.0], np.float32)
LENGTHS = (6, 2, 4)
KINDS = ("l1", "mse", "huber")


def numpy_reference(true, predicted, kind, std=STD):
    difference = np.abs(predicted - true) / std
    small = difference <= 1
    error = {
        "l1": difference,
        "mse": difference**2,
        "huber": np.where(small, difference**2 / 2, difference - 0.5),
    }[kind]
    return error.mean(axis=-1)


@pytest.fixture
def frames():
    return normal(3, 6, 3), 2 * normal(3, 6, 3, seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_frame_errors_equal_the_numpy_reference(kind, frames):
    true, predicted = frames
    errors = frame_errors(true, predicted, kind=kind, std=STD)
    assert errors.shape == (3, 6)
    np.testing.assert_allclose(errors, numpy_reference(true, predicted, kind), rtol=1e-5)


@pytest.mark.parametrize(("kind", "expected"), [("l1", 1.25), ("mse", 2.125), ("huber", 0.8125)])
def test_frame_errors_equal_values_computed_by_hand(kind, expected):
    # Errors of 0.5 and 2 standard deviations: absolute 0.5 and 2, squared 0.25 and 4, Huber 0.125 and 1.5.
    true = np.zeros((1, 1, 2), np.float32)
    predicted = np.array([[[0.25, -4.0]]], np.float32)
    errors = frame_errors(true, predicted, kind=kind, std=[0.5, 2.0])
    np.testing.assert_allclose(errors, [[expected]], rtol=1e-6)


def test_gaussian_equals_the_negative_log_likelihood(frames):
    true, mean = frames
    log_variance = normal(3, 6, 3, seed=2)
    found = frame_errors(true, np.concatenate([mean, log_variance], axis=-1), kind="gaussian", std=STD)
    likelihood = scipy.stats.norm.logpdf(true / STD, mean / STD, np.exp(log_variance / 2))
    np.testing.assert_allclose(found, -likelihood.mean(axis=-1) - np.log(2 * np.pi) / 2, rtol=1e-4, atol=1e-5)


def test_gaussian_limits_the_log_variance():
    true = np.zeros((1, 1, 1), np.float32)
    errors = [
        float(np.squeeze(frame_errors(true, np.array([[[0.0, spread]]], np.float32), kind="gaussian", std=[1.0])))
        for spread in (-3, -7, -50)
    ]
    assert errors == [-1.5, -3.5, -3.5]


def test_frame_errors_average_over_horizons(frames):
    true, predicted = frames
    both = [np.concatenate(pair, axis=-1) for pair in ((true, true), (predicted, true))]
    found = frame_errors(*both, kind="l1", std=STD)
    np.testing.assert_allclose(found, numpy_reference(true, predicted, "l1") / 2, rtol=1e-5)


def test_frame_errors_reject_an_unknown_kind(frames):
    with pytest.raises(ValueError, match="'l2'"):
        frame_errors(*frames, kind="l2", std=STD)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_equals_the_mean_over_weighted_frames(kind, frames):
    mask = mask_of(LENGTHS, 6)
    loss = FramePredictionLoss(kind, STD)(*frames, sample_weight=mask.astype(np.float32))
    np.testing.assert_allclose(loss, numpy_reference(*frames, kind)[mask].mean(), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_ignores_padding(kind, frames):
    true, predicted = frames
    mask = mask_of(LENGTHS, 6)
    loss = FramePredictionLoss(kind, STD)
    weight = mask.astype(np.float32)
    junk = np.where(mask[..., None], predicted, 1000.0).astype(np.float32)
    np.testing.assert_allclose(
        loss(true, junk, sample_weight=weight), loss(true, predicted, sample_weight=weight), rtol=1e-6
    )
    wider = [np.pad(array, ((0, 0), (0, 9), (0, 0))) for array in (true, junk)]
    padded = loss(*wider, sample_weight=np.pad(weight, ((0, 0), (0, 9))))
    np.testing.assert_allclose(padded, loss(true, predicted, sample_weight=weight), rtol=1e-6)


def test_default_reduction_of_keras_includes_padding(frames):
    """Counter-case: with more padding, the same error becomes smaller."""
    mask = mask_of(LENGTHS, 6)
    weight = mask.astype(np.float32)
    ours = float(FramePredictionLoss("l1", np.ones(3))(*frames, sample_weight=weight))
    trap = float(keras.losses.MeanAbsoluteError()(*frames, sample_weight=weight))
    assert trap == pytest.approx(ours * mask.mean(), rel=1e-5)
    assert trap < 0.7 * ours


def test_compiled_model_reports_the_same_loss(frames):
    true, predicted = frames
    mask = mask_of(LENGTHS, 6)
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    model.compile("sgd", FramePredictionLoss("huber", STD), jit_compile=False)
    found = model.evaluate(predicted, true, sample_weight=mask.astype(np.float32), verbose=0)
    assert found == pytest.approx(numpy_reference(true, predicted, "huber")[mask].mean(), rel=1e-5)


def test_loss_of_float16_frames_is_computed_in_float32():
    true, predicted = (np.full((1, 1, 3), value, np.float16) for value in (0, 300))
    np.testing.assert_allclose(frame_errors(true, predicted, kind="mse", std=np.ones(3)), 90000.0)


def test_from_config_rebuilds_the_loss(frames):
    loss = FramePredictionLoss("mse", STD)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is FramePredictionLoss
    assert again.get_config() == loss.get_config()
    weight = mask_of(LENGTHS, 6).astype(np.float32)
    assert float(again(*frames, sample_weight=weight)) == float(loss(*frames, sample_weight=weight))
