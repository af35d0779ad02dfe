import numpy as np
import pytest

from ser_fop.corpora import recording_changes as changes

RATE_HZ = 16000


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def noise(generator):
    return 0.1 * generator.normal(size=RATE_HZ)


@pytest.mark.parametrize(
    ("codec", "level"), [(changes.mp3, 24.0), (changes.mp3, 96.0), (changes.opus, 0.5), (changes.gsm, 0.0)]
)
def test_codec_keeps_length_and_place(noise, generator, codec, level):
    low = changes.low_pass(noise, 3000.0, RATE_HZ, generator)
    decoded = codec(low, level, RATE_HZ, generator)
    assert len(decoded) == len(low)
    inner = slice(4000, 12000)
    shifts = range(-1500, 1501)
    similar = [decoded[inner] @ np.roll(low, shift)[inner] for shift in shifts]
    assert abs(shifts[int(np.argmax(similar))]) <= 8


def test_tilt_raises_what_is_above_one_kilohertz(generator):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for hertz, expected_db in ((500, -3.0), (1000, 0.0), (4000, 6.0)):
        tone = np.sin(2 * np.pi * hertz * time_s)
        changed = changes.tilt(tone, 3.0, RATE_HZ, generator)
        assert 10 * np.log10(np.square(changed).mean() / 0.5) == pytest.approx(expected_db, abs=0.1)


@pytest.mark.parametrize("fall_db", [0.0, 3.0, 6.0])
def test_coloured_noise_falls_by_octave(generator, fall_db):
    spectrum = np.square(np.abs(np.fft.rfft(changes.coloured_noise(2**16, fall_db, generator))))
    low, high = spectrum[2000:4000].mean(), spectrum[8000:16000].mean()
    assert 10 * np.log10(low / high) == pytest.approx(2 * fall_db, abs=0.5)


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_with_noise_has_the_ratio(noise, generator, snr_db):
    added = changes.with_noise(noise, changes.babble(noise, 4, generator), snr_db) - noise
    assert 10 * np.log10(np.square(noise).mean() / np.square(added).mean()) == pytest.approx(snr_db, abs=0.01)
