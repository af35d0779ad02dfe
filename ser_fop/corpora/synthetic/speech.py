"""Synthesis of an utterance: prosody, recording level and noise.

The emotions overlap on purpose, as they do in acted and natural speech. The prosody of an utterance is drawn around
the emotion's mean, which is shifted by the habits of the speaker. No system can therefore reach 100 %.
"""

import zlib
from dataclasses import astuple, dataclass

import numpy as np
import soxr

from ser_fop.corpora.recording_changes import tilt
from ser_fop.corpora.synthetic import espeak
from ser_fop.corpora.synthetic.voices import Voice

_SPEECH_LEVEL_DBFS = -31.0
_RATE_WPM = 180.0
# Lower than the default volume of the voices, at which several variants clip.
_VOLUME = 60
# Measured: 58 to 69 steps per octave, depending on the voice.
_PITCH_STEPS_PER_SEMITONE = 65.0 / 12.0


@dataclass(frozen=True, kw_only=True)
class Prosody:
    """Prosody relative to the defaults of a voice. All zeros is the voice without a change.

    Attributes:
        rate_octaves: Speaking rate in octaves; 1 is twice as fast.
        pitch_semitones: Mean pitch in semitones.
        range_octaves: Pitch range in octaves; 1 is twice as wide.
        level_db: Level in dB.
        tilt_db_per_octave: Spectral tilt in dB per octave. A positive tilt is brighter, as with raised vocal effort.
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


# Mean prosody of each of IEMOCAP's annotations; `xxx` (no majority) and `read` are in the middle.
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

# Standard deviations of an utterance, of a speaker's habits, and of a speaker's habits in one emotion.
_UTTERANCE_SPREAD = np.array(astuple(_prosody(0.13, 1.1, 0.35, 2.2, 0.7)))
_SPEAKER_SPREAD = np.array(astuple(_prosody(0.06, 0.5, 0.15, 1.0, 0.3)))
_SPEAKER_EMOTION_SPREAD = np.array(astuple(_prosody(0.06, 0.5, 0.15, 1.0, 0.3)))


def generator(*, seed: int, role: str) -> np.random.Generator:
    """Return a random generator for one role, independent of the other roles.

    Args:
        seed: Seed of the corpus.
        role: Purpose of the numbers, such as an utterance id.

    Returns:
        A new generator.
    """
    return np.random.default_rng([seed, zlib.crc32(role.encode())])


def draw_prosody(*, voice: Voice, emotion: str, seed: int, spread: float, rng: np.random.Generator) -> Prosody:
    """Draw the prosody of one utterance.

    Args:
        voice: The speaker.
        emotion: A key of `EMOTIONS`.
        seed: Seed of the corpus. It determines the habits of a speaker, which are the same in all utterances.
        spread: Scale of all deviations from the emotion's mean; 1 is the default overlap.
        rng: Random generator of the utterance.

    Returns:
        The prosody.
    """
    speaker_habits = generator(seed=seed, role=f"habits/{voice.speaker}").normal(size=5) * _SPEAKER_SPREAD
    emotion_habits = (
        generator(seed=seed, role=f"habits/{voice.speaker}/{emotion}").normal(size=5) * _SPEAKER_EMOTION_SPREAD
    )
    values = np.array(astuple(EMOTIONS[emotion])) + spread * (
        speaker_habits + emotion_habits + rng.normal(size=5) * _UTTERANCE_SPREAD
    )
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
    """Synthesise a recording of a sentence, with pauses at both ends and noise.

    Args:
        text: Text of the sentence.
        voice: The speaker.
        prosody: Prosody of the utterance.
        sample_rate_hz: Sampling rate of the recording, in Hz.
        snr_db: Lowest and highest signal-to-noise ratio in dB, relative to speech with `level_db` 0.
        rng: Random generator of the utterance.

    Returns:
        Mono int16 samples, shape (samples,).
    """
    speech = espeak.synthesise(text, _espeak_settings(voice, prosody)).astype(np.float64) / 32768.0
    speech = tilt(speech, prosody.tilt_db_per_octave, espeak.SAMPLE_RATE_HZ, rng)
    speech *= 10.0 ** ((_SPEECH_LEVEL_DBFS + prosody.level_db) / 20.0) / np.sqrt(np.mean(speech**2))
    speech = soxr.resample(speech, espeak.SAMPLE_RATE_HZ, sample_rate_hz)
    before_s, after_s = rng.uniform(0.04, 0.25, size=2)
    recording = np.pad(speech, (round(before_s * sample_rate_hz), round(after_s * sample_rate_hz)))
    # The level of room noise does not depend on the speaker's level.
    noise_dbfs = _SPEECH_LEVEL_DBFS - rng.uniform(*snr_db)
    noise = tilt(rng.normal(size=recording.size), rng.uniform(-5.0, -1.0), sample_rate_hz, rng)
    recording += noise * 10.0 ** (noise_dbfs / 20.0) / np.sqrt(np.mean(noise**2))
    return np.clip(np.round(recording * 32768.0), -32768, 32767).astype(np.int16)


def _espeak_settings(voice: Voice, prosody: Prosody) -> espeak.Speaking:
    """Convert a prosody to espeak-ng's scales and clip it to their limits."""
    return espeak.Speaking(
        voice=voice.voice,
        rate_wpm=_clipped(_RATE_WPM * 2.0**prosody.rate_octaves, 80, 450),
        volume=_VOLUME,
        pitch=_clipped(50.0 + prosody.pitch_semitones * _PITCH_STEPS_PER_SEMITONE, 0, 99),
        pitch_range=_clipped(50.0 * 2.0**prosody.range_octaves, 0, 99),
    )


def _clipped(value: float, lowest: int, highest: int) -> int:
    return min(max(round(value), lowest), highest)
