"""espeak-ng follows its settings, and the same call always gives the same samples."""

import builtins
import locale
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ser_fop.corpora.synthetic import espeak
from ser_fop.corpora.synthetic.espeak import SAMPLE_RATE_HZ, Speaking, synthesise
from ser_fop.errors import InputError

TEXT = "The blue kettle is on the shelf."


@pytest.fixture
def installed():
    pytest.importorskip("espeakng_loader", reason="espeak-ng is optional: pip install 'ser_fop[demo]'")


@pytest.mark.usefixtures("installed")
class TestSynthesise:
    def test_synthesise_gives_plausible_length_and_level(self):
        samples = synthesise(TEXT, Speaking())
        assert samples.dtype == np.int16
        assert samples.ndim == 1
        assert 1.0 < samples.size / SAMPLE_RATE_HZ < 3.0
        assert np.abs(samples.astype(int)).max() > 3000

    # Breathy (noise), fluttering and echoing variants have the most state.
    @pytest.mark.parametrize("voice", ["en-us", "en-us+f2", "en-us+whisper", "en-us+m3", "en-gb-x-rp+anika"])
    def test_synthesise_does_not_depend_on_earlier_calls(self, voice):
        speaking = Speaking(voice=voice)
        first = synthesise(TEXT, speaking)
        for other in ("en-us+croak", "en+Annie"):
            synthesise("Something else was said.", Speaking(voice=other, pitch=80, rate_wpm=260, volume=40))
        np.testing.assert_array_equal(synthesise(TEXT, speaking), first)

    def test_synthesise_in_threads_gives_the_same_samples(self):
        calls = [Speaking(voice=voice) for voice in ("en-us+f5", "en-us+m1", "en+m7")] * 4
        alone = [synthesise(TEXT, speaking) for speaking in calls[:3]]
        with ThreadPoolExecutor(max_workers=4) as pool:
            together = list(pool.map(lambda speaking: synthesise(TEXT, speaking), calls))
        for index, samples in enumerate(together):
            np.testing.assert_array_equal(samples, alone[index % 3])

    def test_synthesise_restores_the_locale(self):
        before = locale.setlocale(locale.LC_CTYPE)
        try:
            locale.setlocale(locale.LC_CTYPE, "C")
            synthesise(TEXT, Speaking())
            assert locale.setlocale(locale.LC_CTYPE) == "C"
        finally:
            locale.setlocale(locale.LC_CTYPE, before)

    def test_synthesise_higher_rate_is_shorter(self):
        assert synthesise(TEXT, Speaking(rate_wpm=300)).size < 0.8 * synthesise(TEXT, Speaking(rate_wpm=150)).size

    def test_synthesise_volume_scales_the_level(self):
        quiet, loud = (synthesise(TEXT, Speaking(volume=volume)).astype(float).std() for volume in (30, 90))
        assert loud == pytest.approx(3 * quiet, rel=0.1)

    def test_synthesise_65_pitch_steps_are_about_an_octave(self):
        low, high = (synthesise(TEXT, Speaking(voice="en-us+m3", pitch=pitch, pitch_range=0)) for pitch in (20, 85))
        assert _pitch_hz(high) / _pitch_hz(low) == pytest.approx(2.0, rel=0.1)

    def test_synthesise_unknown_voice_is_named(self):
        with pytest.raises(InputError, match="xx-none"):
            synthesise(TEXT, Speaking(voice="xx-none"))
        assert synthesise(TEXT, Speaking()).size

    def test_synthesise_rejects_a_library_that_is_loaded(self):
        if not hasattr(espeak.os, "RTLD_NOLOAD"):
            pytest.skip("this system cannot tell whether a library is loaded")
        import espeakng_loader

        other = espeak.ctypes.CDLL(espeakng_loader.get_library_path())
        try:
            with pytest.raises(InputError, match="separate process"):
                synthesise(TEXT, Speaking())
        finally:
            espeak._unload(other)
        assert synthesise(TEXT, Speaking()).size


@pytest.mark.parametrize(("name", "value"), [("rate_wpm", 20), ("volume", 201), ("pitch", 100), ("pitch_range", -1)])
def test_speaking_rejects_values_out_of_range(name, value):
    with pytest.raises(InputError, match=rf"{name} expected .* received {value}"):
        Speaking(**{name: value})


def test_synthesise_without_espeak_names_the_extra(monkeypatch):
    real_import = builtins.__import__

    def without_espeak(name, *args, **kwargs):
        if name == "espeakng_loader":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_espeak)
    with pytest.raises(InputError, match=r"pip install 'ser_fop\[demo\]'"):
        synthesise(TEXT, Speaking())


def _pitch_hz(samples: np.ndarray) -> float:
    """Return the median pitch of the voiced frames in Hz, by autocorrelation."""
    pitches = []
    for start in range(0, samples.size - 1024, 512):
        frame = samples[start : start + 1024].astype(float)
        frame -= frame.mean()
        if frame.std() < 800:
            continue
        correlation = np.correlate(frame, frame, "full")[1023:]
        shortest, longest = SAMPLE_RATE_HZ // 450, SAMPLE_RATE_HZ // 55
        lag = shortest + int(correlation[shortest:longest].argmax())
        if correlation[lag] > 0.5 * correlation[0]:
            pitches.append(SAMPLE_RATE_HZ / lag)
    return float(np.median(pitches))
