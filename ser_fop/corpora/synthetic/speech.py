"""How a synthetic speaker says a sentence in an emotion: prosody, recording level and noise.

The emotions overlap on purpose, as they do in acted and natural speech: every
utterance draws its prosody around the emotion's mean, shifted by the speaker's own
habits, so that no system reaches 100 %.
"""

import zlib
from dataclasses import astuple, dataclass

import numpy as np
import soxr

from ser_fop.corpora.synthetic import espeak
from ser_fop.corpora.synthetic.voices import Voice

_SPEECH_LEVEL_DBFS = -31.0
_RATE_WPM = 180.0
# Below the voices' own volume, at which several variants clip.
_VOLUME = 60
# Measured: 58 to 69 steps an octave, by voice.
_PITCH_STEPS_PER_SEMITONE = 65.0 / 12.0
_FFT_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Prosody:
    """A manner of speaking, relative to the voice's own; zero everywhere is the voice's own.

    Attributes:
        rate_octaves: Speaking rate; 1 is twice as fast.
        pitch_semitones: Mean pitch.
        range_octaves: Pitch range; 1 is twice as wide.
        level_db: Level.
        tilt_db_per_octave: Spectral tilt; positive is brighter, as of raised vocal effort.
    """

    rate_octaves: float = 0.0
    pitch_semitones: float = 0.0
    range_octaves: float = 0.0
    level_db: float = 0.0
    tilt_db_per_octave: float = 0.0


def _prosody(rate: float, pitch: float, pitch_range: float, level: float, tilt: float) -> Prosody:
    return Prosody(
        rate_octaves=rate,
        pitch_semitones=pitch,
        range_octaves=pitch_range,
        level_db=level,
        tilt_db_per_octave=tilt,
    )


# Means of IEMOCAP's annotations; `xxx` (no majority) and `read` lie in the middle.
EMOTIONS: dict[str, Prosody] = {
    "ang": _prosody(0.12, 1.5, 0.4, 6.0, 2.5),
    "hap": _prosody(0.18, 3.8, 0.9, 2.5, 0.5),
    "exc": _prosody(0.25, 4.6, 1.0, 4.0, 0.8),
    "sad": _prosody(-0.35, -2.3, -0.8, -4.5, -2.5),
    "neu": _prosody(0.0, 0.0, 0.0, 0.0, 0.0),
    "fru": _prosody(0.0, 0.4, 0.2, 3.0, 1.2),
    "sur": _prosody(0.1, 3.8, 1.0, 1.5, 0.2),
    "xxx": _prosody(0.0, 0.8, 0.1, 0.5, 0.0),
    "read": _prosody(0.0, 0.8, 0.1, 0.5, 0.0),
}

# Standard deviations: of one utterance, of a speaker's habits, and of a speaker's way with one emotion.
_UTTERANCE_SPREAD = np.array(astuple(_prosody(0.13, 1.1, 0.35, 2.2, 0.7)))
_SPEAKER_SPREAD = np.array(astuple(_prosody(0.06, 0.5, 0.15, 1.0, 0.3)))
_SPEAKER_EMOTION_SPREAD = np.array(astuple(_prosody(0.06, 0.5, 0.15, 1.0, 0.3)))


def generator(*, seed: int, role: str) -> np.random.Generator:
    """Return the random numbers of one role, whatever was drawn for others.

    Args:
        seed: Seed of the corpus.
        role: What the numbers are for, such as an utterance id.

    Returns:
        A fresh generator.
    """
    return np.random.default_rng([seed, zlib.crc32(role.encode())])


def draw_prosody(*, voice: Voice, emotion: str, seed: int, spread: float, rng: np.random.Generator) -> Prosody:
    """Draw how a speaker says one utterance.

    Args:
        voice: The speaker.
        emotion: A key of `EMOTIONS`.
        seed: Seed of the corpus, by which the speaker keeps habits from one utterance to the next.
        spread: Scale of all deviations from the emotion's mean; 1 is the default overlap.
        rng: Random numbers of the utterance.

    Returns:
        The prosody.
    """
    habits = generator(seed=seed, role=f"habits/{voice.speaker}").normal(size=5) * _SPEAKER_SPREAD
    way = generator(seed=seed, role=f"habits/{voice.speaker}/{emotion}").normal(size=5) * _SPEAKER_EMOTION_SPREAD
    values = np.array(astuple(EMOTIONS[emotion])) + spread * (habits + way + rng.normal(size=5) * _UTTERANCE_SPREAD)
    return _prosody(*(float(value) for value in values))


def render(
    text: str,
    *,
    voice: Voice,
    prosody: Prosody,
    sample_rate_hz: int,
    snr_db: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Speak and record a sentence.

    Args:
        text: What to say.
        voice: Who says it.
        prosody: How it is said.
        sample_rate_hz: Rate of the recording.
        snr_db: Lowest and highest signal-to-noise ratio of speech at the usual level.
        rng: Random numbers of the utterance.

    Returns:
        Mono int16 samples, shape (samples,).
    """
    spoken = espeak.synthesise(text, _speaking(voice, prosody)).astype(np.float64) / 32768.0
    spoken = _tilted(spoken, prosody.tilt_db_per_octave, sample_rate_hz=espeak.SAMPLE_RATE_HZ)
    spoken *= 10.0 ** ((_SPEECH_LEVEL_DBFS + prosody.level_db) / 20.0) / np.sqrt(np.mean(spoken**2))
    spoken = soxr.resample(spoken, espeak.SAMPLE_RATE_HZ, sample_rate_hz)
    before_s, after_s = rng.uniform(0.04, 0.25, size=2)
    recording = np.pad(spoken, (round(before_s * sample_rate_hz), round(after_s * sample_rate_hz)))
    # Room noise does not follow the speaker's level.
    noise_dbfs = _SPEECH_LEVEL_DBFS - rng.uniform(*snr_db)
    noise = _tilted(rng.normal(size=recording.size), rng.uniform(-5.0, -1.0), sample_rate_hz=sample_rate_hz)
    recording += noise * 10.0 ** (noise_dbfs / 20.0) / np.sqrt(np.mean(noise**2))
    return np.clip(np.round(recording * 32768.0), -32768, 32767).astype(np.int16)


def _speaking(voice: Voice, prosody: Prosody) -> espeak.Speaking:
    """Express a prosody in espeak-ng's own scales, within their limits."""
    return espeak.Speaking(
        voice=voice.voice,
        rate_wpm=_within(_RATE_WPM * 2.0**prosody.rate_octaves, 80, 450),
        volume=_VOLUME,
        pitch=_within(50.0 + prosody.pitch_semitones * _PITCH_STEPS_PER_SEMITONE, 0, 99),
        pitch_range=_within(50.0 * 2.0**prosody.range_octaves, 0, 99),
    )


def _within(value: float, lowest: int, highest: int) -> int:
    return min(max(round(value), lowest), highest)


def _tilted(samples: np.ndarray, tilt_db_per_octave: float, *, sample_rate_hz: int) -> np.ndarray:
    """Tilt a spectrum; the gain is constant below 100 Hz."""
    # A whole number of blocks: transforms of a prime length are slow.
    size = -(-samples.size // _FFT_BLOCK) * _FFT_BLOCK
    frequencies_hz = np.fft.rfftfreq(size, d=1.0 / sample_rate_hz)
    octaves = np.log2(np.maximum(frequencies_hz, 100.0) / 1000.0)
    gain = 10.0 ** (tilt_db_per_octave * octaves / 20.0)
    return np.fft.irfft(np.fft.rfft(samples, n=size) * gain, n=size)[: samples.size]
