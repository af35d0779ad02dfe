import keras
import numpy as np
import pytest

from ser_fop.models.baselines.variational_code import VariationalCode, divergence
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.layer_contract import check_layer


def test_layer_follows_layer_contract():
    check_layer(VariationalCode, {"weight": 0.5, "warmup_steps": 3}, normal(2, 5, 8), mask=mask_of((5, 3), 5))


def test_divergence_equals_numerical_integral():
    """The definition E[log q - log p] is integrated numerically on a fine grid."""
    mean, std = np.array([0.0, 0.7, -1.5]), np.array([1.0, 0.4, 2.0])
    grid = np.linspace(-30, 30, 600_001)[:, np.newaxis]
    log_q = -0.5 * ((grid - mean) / std) ** 2 - np.log(std)
    log_p = -0.5 * grid**2
    density = np.exp(log_q) / np.sqrt(2 * np.pi)
    expected = (density * (log_q - log_p)).sum(axis=0) * (grid[1, 0] - grid[0, 0])
    found = [float(divergence(np.array([m]), np.array([2 * np.log(d)]))) for m, d in zip(mean, std, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found[0] == 0
    assert min(found[1:]) > 0.1


def test_loss_ignores_padding_and_its_weight_increases():
    layer = VariationalCode(weight=2.0, warmup_steps=4)
    x = normal(2, 6, 8)
    x[0, 4:] = 100.0
    mask = mask_of((4, 6), 6)
    real = np.asarray(divergence(x[..., :4], np.clip(x[..., 4:], -10, 10)))[mask]
    for step in range(1, 7):
        layer(x, mask=mask, training=True)
        assert float(layer.losses[0]) == pytest.approx(2.0 * min(step / 4, 1) * real.mean(), rel=1e-5)
    unpadded = np.ones_like(mask)
    layer(x, mask=unpadded, training=False)
    assert float(layer.losses[0]) > 10 * 2.0 * real.mean()


def test_code_is_sampled_in_training_only():
    keras.utils.set_random_seed(1)
    layer = VariationalCode()
    x = np.concatenate([np.full((1, 20_000, 1), 3.0), np.full((1, 20_000, 1), 2 * np.log(0.5))], axis=-1)
    mask = np.ones((1, 20_000), bool)
    drawn = np.asarray(layer(x.astype(np.float32), mask=mask, training=True))
    assert drawn.mean() == pytest.approx(3.0, abs=0.02)
    assert drawn.std() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(layer(x.astype(np.float32), mask=mask, training=False), 3.0)
    again = np.asarray(layer(x.astype(np.float32), mask=mask, training=True))
    assert (again != drawn).mean() > 0.99


def test_odd_width_is_rejected():
    with pytest.raises(ValueError, match=r"expected an even width .* received 3"):
        VariationalCode().build((None, None, 3))
