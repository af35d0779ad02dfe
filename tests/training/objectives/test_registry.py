"""What each objective says of itself, and that what it minimises has settled before an epoch is kept."""

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
def test_only_the_variational_one_changes_what_it_minimises(task):
    settles = objective(task).warmup_steps(10_000)
    assert settles == (1000 if task == "variational" else 0)


@pytest.mark.parametrize(("steps", "settles"), [(10_000, 300), (601, 300), (400, 200), (1, 0), (0, 0)])
def test_half_of_a_short_training_has_the_whole_divergence(steps, settles):
    variational = objective("variational", kl_warmup_steps=300)
    assert variational.warmup_steps(steps) == settles
    network = variational.network(6, steps=steps)
    (code,) = (layer for layer in network.layers if isinstance(layer, VariationalCode))
    assert code.warmup_steps == settles


@pytest.mark.parametrize("task", TASKS)
def test_who_cleans_what_was_spoiled_is_asked_to(task):
    assert (objective(task).input_corruption() is not None) == (task == "denoising")


@pytest.mark.parametrize("task", TASKS)
def test_who_learns_from_classes_says_so(task):
    assert objective(task).needs_classes == (task == "ladder")
