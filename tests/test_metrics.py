import keras
import numpy as np
import pytest

from ser_fop.losses import FramePredictionLoss
from ser_fop.metrics import FrameError
from ser_fop.testing.arrays import mask_of, normal

DEVIATION = np.array([0.5, 2.0, 1.0], np.float32)


def long_and_short():
    """One utterance of 1000 frames with error 1, and ten of 10 frames with error 0."""
    for shape, error in (((1, 1000, 2), 1.0), ((10, 10, 2), 0.0)):
        yield np.zeros(shape, np.float32), np.full(shape, error, np.float32), np.ones(shape[:2], np.float32)


def test_frame_error_weights_an_epoch_by_frames():
    metric = FrameError("l1", np.ones(2))
    for true, predicted, weight in long_and_short():
        metric.update_state(true, predicted, sample_weight=weight)
    assert float(metric.result()) == pytest.approx(1000 / 1100)


def test_epoch_loss_of_keras_is_weighted_by_utterances():
    """Counter-case: Keras' epoch loss."""
    loss = FramePredictionLoss("l1", np.ones(2))
    tracker = keras.metrics.Mean()
    for true, predicted, weight in long_and_short():
        tracker.update_state(loss(true, predicted, sample_weight=weight), sample_weight=len(true))
    assert float(tracker.result()) == pytest.approx(1 / 11)


@pytest.mark.parametrize("kind", ["l1", "mse", "huber"])
def test_frame_error_equals_the_loss_over_all_frames(kind):
    true, predicted = normal(4, 7, 3), normal(4, 7, 3, seed=1)
    weight = mask_of((7, 3, 2, 1), 7).astype(np.float32)
    metric = FrameError(kind, DEVIATION)
    for part in (np.s_[:1], np.s_[1:, :3]):  # two batches, each as long as its longest
        metric.update_state(true[part], predicted[part], sample_weight=weight[part])
    expected = FramePredictionLoss(kind, DEVIATION)(true, predicted, sample_weight=weight)
    assert float(metric.result()) == pytest.approx(float(expected), rel=1e-5)


def test_frame_error_ignores_padding():
    true, predicted = normal(2, 7, 3), normal(2, 7, 3, seed=1)
    mask = mask_of((4, 7), 7)
    junk = np.where(mask[..., None], predicted, -500.0).astype(np.float32)
    results = []
    for values in (predicted, junk):
        metric = FrameError("l1", DEVIATION)
        metric.update_state(true, values, sample_weight=mask.astype(np.float32))
        results.append(float(metric.result()))
    assert results[0] == pytest.approx(results[1], rel=1e-6)


def test_frame_error_of_one_horizon_ignores_the_others():
    true, predicted = (np.concatenate([normal(2, 5, 3), normal(2, 5, 3, seed=seed)], axis=-1) for seed in (1, 2))
    found = []
    for horizon in (0, 1, None):
        metric = FrameError("l1", DEVIATION, horizon)
        metric.update_state(true, predicted)
        found.append(float(metric.result()))
    assert found[0] == 0
    assert found[1] > 0
    assert found[2] == pytest.approx(found[1] / 2, rel=1e-5)


def test_frame_error_is_in_units_of_the_standard_deviation():
    metric = FrameError("l1", [0.5, 2.0])
    metric.update_state(np.zeros((1, 1, 2)), np.array([[[1.0, 1.0]]]), sample_weight=np.ones((1, 1)))
    assert float(metric.result()) == pytest.approx((2.0 + 0.5) / 2)


def test_reset_state_starts_a_new_epoch():
    metric = FrameError("l1", np.ones(2))
    for true, predicted, weight in long_and_short():
        metric.reset_state()
        metric.update_state(true, predicted, sample_weight=weight)
    assert float(metric.result()) == 0


def test_compiled_model_reports_it_for_batches_of_unequal_length():
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    model.compile(
        "sgd",
        FramePredictionLoss("l1", np.ones(2)),
        weighted_metrics=[FrameError("l1", np.ones(2))],
        jit_compile=False,
    )
    batches = ((predicted, true, weight) for true, predicted, weight in long_and_short())
    found = model.evaluate(batches, return_dict=True, verbose=0)
    assert found["error"] == pytest.approx(1000 / 1100)


def test_from_config_rebuilds_the_metric():
    metric = FrameError("huber", DEVIATION, name="validation_error")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is FrameError
    assert again.get_config() == metric.get_config()
    assert again.name == "validation_error"
