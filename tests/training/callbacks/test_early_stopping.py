import keras
import numpy as np
import pytest

from ser_fop.training.callbacks.early_stopping import BestWeights


@pytest.fixture
def model():
    inputs = keras.Input((1,))
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))


def follow(model, values, *, patience, stopping=None):
    """Give one epoch's weight its number, and its value; return at which epoch training stopped."""
    stopping = stopping or BestWeights("val_error", patience=patience)
    stopping.set_model(model)
    model.stop_training = False
    for epoch, value in enumerate(values, start=1):
        model.set_weights([np.full((1, 1), epoch, np.float32)])
        stopping.on_epoch_end(epoch, {"val_error": value})
        if model.stop_training:
            return stopping, epoch
    return stopping, None


def test_stops_after_so_many_epochs_without_a_better_one(model):
    stopping, ended = follow(model, [5, 3, 4, 3, 2.5], patience=2)
    assert ended == 4
    assert stopping.ended
    assert stopping.best == 3
    assert stopping.weights[0] == 2  # of equal ones the first


def test_goes_on_while_it_gets_better(model):
    stopping, ended = follow(model, [5, 3, 4, 2.5, 3], patience=2)
    assert ended is None
    assert not stopping.ended
    assert stopping.weights[0] == 4


def test_what_is_no_number_is_never_better(model):
    nan = float("nan")
    stopping, ended = follow(model, [3, nan, nan], patience=2)
    assert ended == 3
    assert stopping.weights[0] == 1
    stopping, _ = follow(model, [nan, 3], patience=2)
    assert stopping.weights[0] == 2


def test_taken_up_again_it_still_knows(model):
    half, _ = follow(model, [5, 3, 4], patience=2)
    again = BestWeights("val_error", patience=2)
    again.best, again.waited, again.weights = half.best, half.waited, half.weights
    _, ended = follow(model, [4], patience=2, stopping=again)
    assert ended == 1
    _, ended = follow(model, [4], patience=2)  # forgetful, it would have gone on
    assert ended is None


def test_epochs_in_which_what_is_minimised_still_changes_are_not_compared(model):
    stopping = BestWeights("val_error", patience=2, first=3)
    _, ended = follow(model, [0.1, 0.2, 4, 3, 5], patience=2, stopping=stopping)
    assert (stopping.best, stopping.weights[0], ended) == (3, 4, None)
    patient, _ = follow(model, [0.1, 0.2, 4, 3, 5], patience=9)  # without it the first would be kept
    assert (patient.best, patient.weights[0]) == (0.1, 1)
