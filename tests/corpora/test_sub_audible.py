import numpy as np
import pytest

from ser_fop.corpora.sub_audible import sub_audible_basis


@pytest.mark.parametrize(("samples", "below_hz"), [(400, 60.0), (400, 200.0), (200, 20.0)])
def test_basis_is_orthonormal_and_contains_the_constant(samples, below_hz):
    basis = sub_audible_basis(samples, sample_rate_hz=16000, below_hz=below_hz)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-5)
    constant = np.ones(samples, np.float32)
    np.testing.assert_allclose(basis @ (basis.T @ constant), constant, atol=1e-5)


def test_basis_of_a_wider_band_has_more_components():
    sizes = [sub_audible_basis(400, sample_rate_hz=16000, below_hz=hz).shape[1] for hz in (20.0, 60.0, 120.0)]
    assert sizes == sorted(set(sizes))
