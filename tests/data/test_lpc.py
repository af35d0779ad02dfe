import numpy as np
import pytest
import scipy.linalg
import scipy.signal

from ser_fop.data.lpc import _NOISE_SHARE, cepstrum, linear_prediction
from ser_fop.testing.arrays import normal

ORDER = 12


def spoken(count=5, samples=400):
    """Return windowed frames of filtered noise with three resonances, (count, samples), float32."""
    poles = [radius * np.exp(1j * angle) for radius, angle in ((0.97, 0.3), (0.95, 0.9), (0.9, 1.7))]
    filtered = scipy.signal.lfilter([1.0], np.poly([*poles, *np.conj(poles)]).real, normal(count, samples), axis=-1)
    return (0.01 * filtered * np.hanning(samples)).astype(np.float32)


def toeplitz_reference(frame, order, floor):
    frame = frame.astype(np.float64)
    lags = np.array([frame[: len(frame) - lag] @ frame[lag:] for lag in range(order + 1)])
    lags[0] = lags[0] * (1 + _NOISE_SHARE) + floor
    predictor = scipy.linalg.solve_toeplitz(lags[:-1], -lags[1:])
    return np.log(lags[0] + predictor @ lags[1:]), predictor


def test_linear_prediction_solves_normal_equations():
    frames = spoken()
    power, predictor = (values.numpy() for values in linear_prediction(frames, ORDER, floor=1e-8))
    assert (power.shape, predictor.shape) == ((5, 1), (5, ORDER))
    for number, frame in enumerate(frames):
        expected_power, expected = toeplitz_reference(frame, ORDER, 1e-8)
        np.testing.assert_allclose(predictor[number], expected, atol=1e-5)
        assert power[number, 0] == pytest.approx(expected_power, abs=1e-5)
    # Counter-case: with another order the predictor differs by more than the tolerance.
    assert np.abs(toeplitz_reference(frames[0], ORDER + 4, 1e-8)[1][:ORDER] - predictor[0]).max() > 0.01


def test_linear_prediction_recovers_known_filter():
    made_by = np.poly([0.8 * np.exp(1j * 0.7), 0.8 * np.exp(-1j * 0.7)]).real
    sound = scipy.signal.lfilter([1.0], made_by, normal(1, 200_000)[0]).astype(np.float32)
    power, predictor = linear_prediction(sound[np.newaxis], 2, floor=1e-8)
    np.testing.assert_allclose(predictor[0], made_by[1:], atol=0.01)
    assert float(power[0, 0]) == pytest.approx(np.log(200_000), abs=0.02)


def test_cepstrum_equals_that_of_frequency_response():
    _, predictor = linear_prediction(spoken(), ORDER, floor=1e-8)
    found = cepstrum(predictor).numpy()
    for coefficients, cepstra in zip(predictor.numpy(), found, strict=True):
        response = np.fft.fft(np.concatenate([[1.0], coefficients]).astype(np.float64), 8192)
        expected = np.fft.ifft(-np.log(np.abs(response) ** 2)).real[1 : ORDER + 1]
        np.testing.assert_allclose(cepstra, expected, atol=1e-4)


def test_linear_prediction_of_silence_is_zero():
    power, predictor = linear_prediction(np.zeros((2, 400), np.float32), ORDER, floor=1e-8)
    np.testing.assert_allclose(power, np.log(1e-8), rtol=1e-6)
    np.testing.assert_array_equal(predictor, 0.0)


def test_linear_prediction_of_pure_tone_is_finite_and_stable():
    tone = np.sin(0.3 * np.arange(400)).astype(np.float32)[np.newaxis]
    power, predictor = linear_prediction(tone, 30, floor=1e-8)
    assert np.isfinite(power).all()
    assert np.isfinite(cepstrum(predictor)).all()
    # The filter is stable: its roots are inside the unit circle.
    assert np.abs(np.roots(np.concatenate([[1.0], predictor[0]]))).max() < 1.0
