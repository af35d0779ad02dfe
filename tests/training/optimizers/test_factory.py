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
        ({"horizons": ()}, r"one or more distances without duplicates, received \[\]"),
        ({"horizons": (2, 5, 2)}, r"without duplicates, received \[2, 5, 2\]"),
        ({"horizons": (8, 3)}, "at least 4, the frames of a step .* received 3"),
        ({"epochs": -1}, "received -1, 10 and 1"),
        ({"patience": 0}, "received 100, 0 and 1"),
        ({"accumulate": 0}, "received 100, 10 and 0"),
        ({"clip_norm": -1.0}, "received -1, 0 and 0"),
        ({"weight_decay": -1.0}, "received 0, -1 and 0"),
        ({"warmup_share": 1.0}, "received 0, 0 and 1"),
        ({"task": "denoising", "mask_ratio": 1.0}, "mask_ratio expected 0 to 1"),
        ({"task": "denoising", "mask_ratio": 0.0, "noise": 0.0}, "not 0 where noise is"),
    ],
)
def test_check_pretraining_rejects_invalid_settings(wrong, message):
    settings = PretrainingSettings(horizons=(4,))
    model = ModelConfig(stacked_frames=4)
    assert check_pretraining(settings, model) is settings
    with pytest.raises(InputError, match=message):
        check_pretraining(dataclasses.replace(settings, **wrong), model)


def updated_weight(gradients, **options):
    """Return a weight of 1 after these gradients, at a learning rate of 0.1."""
    weight = keras.Variable(np.ones(1, np.float32))
    optimizer = pretraining_optimizer(PretrainingSettings(**options), 0.1)
    for value in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.array([value], np.float32))], [weight])
    return float(np.array(weight)[0])


def test_optimizer_accumulate_averages_gradients_over_batches():
    assert updated_weight([2.0, 4.0], accumulate=2) == pytest.approx(updated_weight([3.0]), rel=1e-6)
    assert updated_weight([2.0], accumulate=2) == 1.0  # no update before the second batch
    assert updated_weight([2.0, 4.0]) != pytest.approx(updated_weight([3.0]), rel=1e-3)


def test_optimizer_applies_weight_decay_and_clipping():
    assert updated_weight([0.0], weight_decay=0.5) == pytest.approx(1 - 0.1 * 0.5)
    assert updated_weight([0.0]) == 1.0
    # The size of Adam's first step does not depend on the gradient's size; that of the second does.
    assert updated_weight([1.0, 100.0], clip_norm=1.0) == pytest.approx(updated_weight([1.0, 1.0]), rel=1e-6)
    assert updated_weight([1.0, 100.0]) != pytest.approx(updated_weight([1.0, 1.0]), rel=1e-3)


def test_check_code_rejects_code_as_wide_as_a_step():
    """Only the plain autoencoder is checked: noise or a KL divergence prevent a copy of the input."""
    model = ModelConfig(stacked_frames=2)
    settings = PretrainingSettings(task="autoencoder", code=40)
    check_code(settings, model, width=21)
    with pytest.raises(InputError, match="less than 40, the values of a step, received 40"):
        check_code(settings, model, width=20)
    for task in ("prediction", "denoising", "variational", "ladder"):
        check_code(dataclasses.replace(settings, task=task), model, width=20)
