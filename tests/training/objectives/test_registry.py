"""Properties of the objectives: warm-up steps, input corruption and use of labels."""

import pytest

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.models.baselines.variational_code import VariationalCode
from ser_fop.training.objectives.registry import objective_of

TASKS = ("prediction", "autoencoder", "denoising", "variational", "ladder")
MODEL = ModelConfig(d_model=8, heads=2, feed_forward=8)


def objective(task, **settings):
    settings = PretrainingSettings(task=task, **settings)
    return objective_of(settings, MODEL, mean=[0.0] * 6, std=[1.0] * 6, classes=2)


@pytest.mark.parametrize("task", TASKS)
def test_warmup_steps_are_zero_except_for_variational(task):
    warmup_steps = objective(task).warmup_steps(10_000)
    assert warmup_steps == (1000 if task == "variational" else 0)


@pytest.mark.parametrize(("steps", "expected"), [(10_000, 300), (601, 300), (400, 200), (1, 0), (0, 0)])
def test_warmup_steps_take_at_most_half_of_the_training(steps, expected):
    variational = objective("variational", kl_warmup_steps=300)
    assert variational.warmup_steps(steps) == expected
    network = variational.network(6, steps=steps)
    (code,) = (layer for layer in network.layers if isinstance(layer, VariationalCode))
    assert code.warmup_steps == expected


@pytest.mark.parametrize("task", TASKS)
def test_input_corruption_exists_for_denoising_only(task):
    assert (objective(task).input_corruption() is not None) == (task == "denoising")


@pytest.mark.parametrize("task", TASKS)
def test_needs_classes_is_true_for_ladder_only(task):
    assert objective(task).needs_classes == (task == "ladder")
