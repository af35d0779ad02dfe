import numpy as np
import pytest

from ser_fop.stress.perturbations import PERTURBATIONS

RATE_HZ = 16000
SPEECH = (
    0.1
    * sum(np.sin(2 * np.pi * 150 * harmonic * np.arange(RATE_HZ) / RATE_HZ + harmonic) for harmonic in range(1, 40))
    / 6
).astype(np.float32)


def changed(name, level, samples=SPEECH, seed=0):
    generator = np.random.default_rng(seed)
    return PERTURBATIONS[name].apply(samples, level, sample_rate_hz=RATE_HZ, generator=generator)


def rms_db(samples):
    return 10 * np.log10(np.square(samples, dtype=np.float64).mean())


def band_db(samples, low_hz, high_hz):
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return 10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum() + 1e-12)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_level_gives_finite_sound_that_differs(name):
    for level in PERTURBATIONS[name].levels:
        found = changed(name, level)
        assert found.dtype == np.float32
        assert found.ndim == 1
        assert np.isfinite(found).all()
        assert name == "heard" or len(found) != len(SPEECH) or not np.allclose(found, SPEECH, atol=1e-6)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_same_seed_gives_same_sound(name):
    level = PERTURBATIONS[name].levels[-1]
    np.testing.assert_array_equal(changed(name, level), changed(name, level))


@pytest.mark.parametrize("name", ["white_noise", "pink_noise", "reverberation", "hum", "leading_silence"])
def test_another_seed_gives_other_noise(name):
    level = PERTURBATIONS[name].levels[-1]
    assert not np.array_equal(changed(name, level), changed(name, level, seed=1))


def test_gain_changes_the_level_by_that_many_decibels():
    assert rms_db(changed("gain", -20)) == pytest.approx(rms_db(SPEECH) - 20, abs=0.01)


@pytest.mark.parametrize("name", ["white_noise", "pink_noise"])
@pytest.mark.parametrize("snr_db", [0, 20])
def test_noise_has_the_stated_ratio(name, snr_db):
    noise = changed(name, snr_db) - SPEECH
    assert rms_db(SPEECH) - rms_db(noise) == pytest.approx(snr_db, abs=0.1)


def test_pink_noise_falls_by_3_db_per_octave_and_white_noise_does_not():
    for name, fall_db in (("pink_noise", 0.0), ("white_noise", 3.0)):
        noise = changed(name, 0) - SPEECH  # equal power per octave, or twice as much in each higher one
        assert band_db(noise, 2000, 4000) - band_db(noise, 1000, 2000) == pytest.approx(fall_db, abs=0.7)


def test_band_limits_remove_what_lies_outside():
    assert band_db(changed("low_pass", 2000), 3000, 8000) < band_db(SPEECH, 3000, 8000) - 30
    telephone = changed("telephone", 3400)
    assert band_db(telephone, 100, 200) < band_db(SPEECH, 100, 200) - 20
    assert band_db(telephone, 500, 2500) == pytest.approx(band_db(SPEECH, 500, 2500), abs=1)


def test_first_seconds_count_from_the_start_of_speech():
    silence = np.zeros(RATE_HZ // 2, np.float32)
    long = np.concatenate([silence, SPEECH, SPEECH, SPEECH, SPEECH])
    found = changed("heard", 2, long)
    assert len(found) == RATE_HZ // 2 + 2 * RATE_HZ
    np.testing.assert_array_equal(found, long[: len(found)])


def test_mp3_keeps_length_and_most_of_the_sound():
    found = changed("mp3", 64)
    assert len(found) == len(SPEECH)
    assert np.corrcoef(found, SPEECH)[0, 1] > 0.95
    assert np.corrcoef(changed("mp3", 16), SPEECH)[0, 1] < np.corrcoef(found, SPEECH)[0, 1]


def test_reverberation_keeps_the_level_and_lengthens_sounds():
    click = np.zeros(RATE_HZ, np.float32)
    click[1000] = 1.0
    found = changed("reverberation", 0.5, click)
    assert rms_db(found) == pytest.approx(rms_db(click), abs=0.1)
    energy = np.cumsum(np.square(found[1000:])[::-1])[::-1]
    decay_db = 10 * np.log10(energy[4000] / energy[1])
    assert decay_db == pytest.approx(-60 * 4000 / RATE_HZ / 0.5, abs=4)


def test_clipping_limits_the_peak():
    assert np.abs(changed("clipping", 6)).max() == pytest.approx(np.abs(SPEECH).max() * 10 ** (-6 / 20), rel=1e-4)


def test_speed_changes_the_length():
    assert len(changed("speed", 1.15)) == pytest.approx(len(SPEECH) / 1.15, abs=2)


def test_leading_silence_keeps_the_recording():
    found = changed("leading_silence", 0.5)
    np.testing.assert_array_equal(found[-len(SPEECH) :], SPEECH)
    assert np.abs(found[: RATE_HZ // 2]).max() < 1e-3
