import keras
import numpy as np
import pytest

from ser_fop.training.callbacks.early_stopping import BestWeights


@pytest.fixture
def model():
    inputs = keras.Input((1,))
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))


def run_epochs(model, values, *, patience, stopping=None):
    """Run one epoch per value, with the epoch number as weight; return the epoch that stopped the training, or None."""
    stopping = stopping or BestWeights("val_error", patience=patience)
    stopping.set_model(model)
    model.stop_training = False
    for epoch, value in enumerate(values, start=1):
        model.set_weights([np.full((1, 1), epoch, np.float32)])
        stopping.on_epoch_end(epoch, {"val_error": value})
        if model.stop_training:
            return stopping, epoch
    return stopping, None


def test_best_weights_stops_after_patience_epochs_without_improvement(model):
    stopping, ended = run_epochs(model, [5, 3, 4, 3, 2.5], patience=2)
    assert ended == 4
    assert stopping.ended
    assert stopping.best == 3
    assert stopping.weights[0] == 2  # the first of equal values


def test_best_weights_continues_while_value_improves(model):
    stopping, ended = run_epochs(model, [5, 3, 4, 2.5, 3], patience=2)
    assert ended is None
    assert not stopping.ended
    assert stopping.weights[0] == 4


def test_best_weights_nan_is_never_an_improvement(model):
    nan = float("nan")
    stopping, ended = run_epochs(model, [3, nan, nan], patience=2)
    assert ended == 3
    assert stopping.weights[0] == 1
    stopping, _ = run_epochs(model, [nan, 3], patience=2)
    assert stopping.weights[0] == 2


def test_best_weights_restored_state_keeps_counting(model):
    first, _ = run_epochs(model, [5, 3, 4], patience=2)
    restored = BestWeights("val_error", patience=2)
    restored.best, restored.waited, restored.weights = first.best, first.waited, first.weights
    _, ended = run_epochs(model, [4], patience=2, stopping=restored)
    assert ended == 1
    _, ended = run_epochs(model, [4], patience=2)  # without the restored state training continues
    assert ended is None


def test_best_weights_ignores_epochs_before_first(model):
    stopping = BestWeights("val_error", patience=2, first=3)
    _, ended = run_epochs(model, [0.1, 0.2, 4, 3, 5], patience=2, stopping=stopping)
    assert (stopping.best, stopping.weights[0], ended) == (3, 4, None)
    patient, _ = run_epochs(model, [0.1, 0.2, 4, 3, 5], patience=9)  # without `first`, epoch 1 is the best
    assert (patient.best, patient.weights[0]) == (0.1, 1)
