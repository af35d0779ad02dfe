import numpy as np
import pytest

from ser_fop.layers.sinusoidal_positions import SinusoidalPositions
from ser_fop.testing.arrays import normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer


def equations_2_and_3(frames, width):
    table = np.zeros((frames, width))
    for position in range(frames):
        for dimension in range(width):
            i = dimension // 2
            angle = position / 10000 ** (2 * i / width)
            table[position, dimension] = np.cos(angle) if dimension % 2 else np.sin(angle)
    return table


@pytest.mark.parametrize("width", [4, 5])
def test_sinusoidal_positions_meets_the_layer_contract(width):
    check_layer(SinusoidalPositions, {}, normal(2, 6, width))


@pytest.mark.parametrize("width", [1, 2, 7, 8, 80, 81])
def test_embeddings_equal_equations_2_and_3(width):
    embeddings = SinusoidalPositions()(np.zeros((1, 40, width), np.float32))
    np.testing.assert_allclose(embeddings[0], equations_2_and_3(40, width), atol=1e-5)


def test_embeddings_are_exact_at_the_end_of_a_long_utterance():
    embeddings = np.asarray(SinusoidalPositions()(np.zeros((1, 3000, 8), np.float32)))
    np.testing.assert_allclose(embeddings[0, -5:], equations_2_and_3(3000, 8)[-5:], atol=2e-3)


def test_embeddings_are_added_to_the_input():
    x = normal(2, 6, 5)
    np.testing.assert_allclose(SinusoidalPositions()(x), x + equations_2_and_3(6, 5), atol=1e-5)


def test_embeddings_are_the_same_in_every_utterance():
    embeddings = np.asarray(SinusoidalPositions()(np.zeros((3, 6, 4), np.float32)))
    np.testing.assert_array_equal(embeddings[0], embeddings[2])
    assert np.abs(np.diff(embeddings, axis=1)).max(axis=-1).min() > 0.1


def test_output_depends_on_its_own_frame_alone():
    layer = SinusoidalPositions()
    assert_causal(layer, normal(2, 6, 5), 2)
    assert_batch_invariant(layer, normal(1, 6, 5), normal(2, 6, 5, seed=1))
    assert_padding_invariant(lambda x, _: layer(x), normal(2, 6, 5), 4, per_frame=True)


def test_padding_check_rejects_positions_from_the_end():
    def from_the_end(x, _mask):
        return x + equations_2_and_3(x.shape[1], x.shape[2])[::-1]

    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(from_the_end, normal(2, 6, 4), 3, per_frame=True)
