"""Layers of the ladder network."""

import keras
import numpy as np
import pytest

from ser_fop.layers.corrupting_noise import CorruptingNoise
from ser_fop.layers.denoising_loss_layer import DenoisingLossLayer, distance
from ser_fop.layers.label_loss_layer import UNKNOWN, LabelLossLayer
from ser_fop.models.baselines.bias_scale import BiasScale
from ser_fop.models.baselines.ladder_combinator import LadderCombinator
from ser_fop.models.baselines.masking_noise import MaskingNoise
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.layer_contract import check_layer


def test_ladder_layers_meet_the_layer_contract():
    check_layer(BiasScale, {"scaled": True, "activation": "relu"}, normal(2, 5, 4))
    for layer, other in (
        (CorruptingNoise(0.3, relative=True), {"std": 0.3, "relative": True}),
        (MaskingNoise(0.2), {"share": 0.2}),
        (DenoisingLossLayer(2.0, standardised=False), {"weight": 2.0, "standardised": False}),
        (LabelLossLayer(0.5), {"weight": 0.5}),
        (LadderCombinator(), {}),
    ):
        found = type(layer).from_config(layer.get_config())
        assert {name: getattr(found, name) for name in other} == other


class TestCorruptingNoise:
    def test_noise_is_new_in_training_and_fixed_in_evaluation(self):
        layer, x = CorruptingNoise(0.5), np.zeros((2, 5000, 3), np.float32)
        one, other = (np.asarray(layer(x, training=True)) for _ in range(2))
        assert one.std() == pytest.approx(0.5, abs=0.01)
        assert (one != other).mean() > 0.99
        one, other = (np.asarray(layer(x, training=False)) for _ in range(2))
        assert one.std() == pytest.approx(0.5, abs=0.01)
        np.testing.assert_array_equal(one, other)

    def test_noise_in_evaluation_differs_between_layers(self):
        x = np.zeros((2, 500, 3), np.float32)
        one, other, again = (np.asarray(CorruptingNoise(1.0, name=name)(x)) for name in ("h1", "h2", "h1"))
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1
        np.testing.assert_array_equal(one, again)

    @pytest.mark.parametrize("size", [0.1, 10.0])
    def test_relative_noise_scales_with_the_values(self, size):
        x = size * normal(4, 2000, 8)
        left = np.asarray(CorruptingNoise(0.3, relative=True)(x)) - x
        assert left.std() / x.std() == pytest.approx(0.3, rel=0.05)
        absolute = np.asarray(CorruptingNoise(0.3)(x)) - x
        assert abs(absolute.std() / x.std() - 0.3) > 0.1


class TestMaskingNoise:
    def test_masking_replaces_a_share_of_the_frames(self):
        x = 2 + np.abs(normal(50, 200))
        found = np.asarray(MaskingNoise(0.15)(x, training=True))
        assert (found == 0).mean() == pytest.approx(0.15, abs=0.02)
        np.testing.assert_array_equal(found[found != 0], x[found != 0])
        np.testing.assert_array_equal(np.asarray(MaskingNoise(0.15)(x)), x)


class TestLadderCombinator:
    def test_initial_combinator_outputs_zero(self):
        noisy, above = normal(2, 5, 3), normal(2, 1, 3, seed=1)
        layer = LadderCombinator()
        found = np.asarray(layer(noisy, above))
        np.testing.assert_allclose(found, np.zeros_like(found), atol=1e-6)

    def test_combinator_equals_values_computed_by_hand(self):
        layer = LadderCombinator()
        layer.build((None, None, 1), (None, None, 1))
        a = np.array([0.5, 1.0, 0.2, -0.3, 0.1, 0.7, 2.0, -0.4, 0.05, 0.3])
        layer.set_weights([a[:, np.newaxis].astype(np.float32)])
        z, u = 1.3, -0.6

        def curve(b):
            return b[0] / (1 + np.exp(-(b[1] * u + b[2]))) + b[3] * u + b[4]

        expected = (z - curve(a[:5])) * curve(a[5:]) + curve(a[:5])
        found = layer(np.full((1, 1, 1), z, np.float32), np.full((1, 1, 1), u, np.float32))
        assert float(np.asarray(found).item()) == pytest.approx(expected, rel=1e-5)

    def test_combinator_can_output_either_input_and_their_mean(self):
        layer = LadderCombinator()
        noisy, above = normal(2, 5, 3), normal(2, 5, 3, seed=1)
        layer.build(noisy.shape, above.shape)
        weights = np.zeros((10, 3), np.float32)
        weights[9] = 1.0
        layer.set_weights([weights])
        np.testing.assert_allclose(layer(noisy, above), noisy, atol=1e-6)
        weights[9], weights[3] = 0.0, 1.0
        layer.set_weights([weights])
        np.testing.assert_allclose(layer(noisy, above), above, atol=1e-6)


class TestDenoisingLossLayer:
    def test_distance_uses_valid_steps_and_standardised_values(self):
        clean, denoised, mask = 3 + 5 * normal(2, 6, 4), normal(2, 6, 4, seed=1), mask_of((6, 2), 6)
        real, other = clean[mask], denoised[mask]
        expected = np.mean(((other - real) / real.std(axis=0)) ** 2)
        assert float(distance(denoised, clean, mask, standardised=True)) == pytest.approx(expected, rel=1e-4)
        plain = np.mean((other - real) ** 2)
        assert float(distance(denoised, clean, mask, standardised=False)) == pytest.approx(plain, rel=1e-4)
        junk = np.where(mask[..., np.newaxis], clean, 99.0)
        assert float(distance(denoised, junk, mask, standardised=True)) == pytest.approx(expected, rel=1e-4)

    def test_standardised_distance_does_not_depend_on_scale(self):
        clean, denoised = normal(1, 8, 3), normal(1, 8, 3, seed=1)
        mask = np.ones((1, 8), bool)
        one = float(distance(denoised, clean, mask, standardised=True))
        assert float(distance(denoised / 100, clean / 100, mask, standardised=True)) == pytest.approx(one, rel=1e-3)

    def test_layer_adds_the_weighted_distance_to_the_loss(self):
        layer, clean = DenoisingLossLayer(2.0), normal(3, 4)
        found = layer(clean + 1, clean, np.ones(3, bool))
        np.testing.assert_array_equal(found, clean + 1)
        one = distance(clean + 1, clean, np.ones(3), standardised=True)
        assert float(layer.losses[0]) == pytest.approx(2.0 * float(one))


class TestLabelLossLayer:
    def test_label_loss_equals_the_mean_over_labelled_utterances(self):
        layer, logits = LabelLossLayer(3.0), normal(4, 3)
        classes = np.array([2, UNKNOWN, 0, UNKNOWN])
        np.testing.assert_array_equal(layer(logits, classes), logits)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        expected = -3.0 * np.mean([np.log(shares[0, 2]), np.log(shares[2, 0])])
        assert float(layer.losses[0]) == pytest.approx(expected, rel=1e-5)

    def test_label_loss_without_labels_is_zero(self):
        layer = LabelLossLayer()
        layer(normal(2, 3), np.full(2, UNKNOWN))
        assert float(keras.ops.convert_to_numpy(layer.losses[0])) == 0
