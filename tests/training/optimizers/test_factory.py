import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.training.optimizers.factory import check_code, check_pretraining, pretraining_optimizer


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"horizons": ()}, r"one or more distances, each once, received \[\]"),
        ({"horizons": (2, 5, 2)}, r"each once, received \[2, 5, 2\]"),
        ({"horizons": (8, 3)}, "at least the 4 frames of a step .* received 3"),
        ({"epochs": -1}, "received -1, 10 and 1"),
        ({"patience": 0}, "received 100, 0 and 1"),
        ({"accumulate": 0}, "received 100, 10 and 0"),
        ({"clip_norm": -1.0}, "received -1, 0 and 0"),
        ({"weight_decay": -1.0}, "received 0, -1 and 0"),
        ({"warmup_share": 1.0}, "received 0, 0 and 1"),
        ({"task": "denoising", "mask_ratio": 1.0}, "mask_ratio is 0 to 1"),
        ({"task": "denoising", "mask_ratio": 0.0, "noise": 0.0}, "not 0 where noise is"),
    ],
)
def test_what_cannot_be_followed_is_refused(wrong, message):
    settings = PretrainingSettings(horizons=(4,))
    model = ModelConfig(stacked_frames=4)
    assert check_pretraining(settings, model) is settings
    with pytest.raises(InputError, match=message):
        check_pretraining(dataclasses.replace(settings, **wrong), model)


def moved(gradients, **options):
    """Return a weight after these gradients, under plain rates of 0.1."""
    weight = keras.Variable(np.ones(1, np.float32))
    optimizer = pretraining_optimizer(PretrainingSettings(**options), 0.1)
    for value in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.array([value], np.float32))], [weight])
    return float(np.array(weight)[0])


def test_accumulated_batches_make_one_step_of_their_mean():
    assert moved([2.0, 4.0], accumulate=2) == pytest.approx(moved([3.0]), rel=1e-6)
    assert moved([2.0], accumulate=2) == 1.0  # half a step
    assert moved([2.0, 4.0]) != pytest.approx(moved([3.0]), rel=1e-3)


def test_weights_decay_and_large_gradients_are_clipped():
    assert moved([0.0], weight_decay=0.5) == pytest.approx(1 - 0.1 * 0.5)
    assert moved([0.0]) == 1.0
    # Adam's first step does not depend on the gradient's size, its second does.
    assert moved([1.0, 100.0], clip_norm=1.0) == pytest.approx(moved([1.0, 1.0]), rel=1e-6)
    assert moved([1.0, 100.0]) != pytest.approx(moved([1.0, 1.0]), rel=1e-3)


def test_an_autoencoder_must_have_something_to_learn():
    """A code as wide as a step could be copied through; noise and divergence forbid that by themselves."""
    model = ModelConfig(stacked_frames=2)
    settings = PretrainingSettings(task="autoencoder", code=40)
    check_code(settings, model, width=21)
    with pytest.raises(InputError, match="fewer values than the 40 of a step, received 40"):
        check_code(settings, model, width=20)
    for task in ("prediction", "denoising", "variational", "ladder"):
        check_code(dataclasses.replace(settings, task=task), model, width=20)
