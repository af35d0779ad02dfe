"""Changes of a recording that leave its emotion as it is: level, noise, room, band, codec and speed.

Each function takes samples (samples,), a level, the sample rate in hertz and a random generator, and returns the changed
samples.
"""

import io

import numpy as np
import scipy.signal
import soundfile
import soxr

from ser_fop.corpora.audio import trim_silence

# Speech begins with the first frame that is at most so much quieter than the loudest one.
_SPEECH_BELOW_DB = 40.0
_TELEPHONE_LOW_HZ = 300.0
_FILTER_ORDER = 8
_HUM_HZ = 50.0
# Room noise of a good studio; digital silence does not occur before speech.
_SILENCE_AMPLITUDE = 1e-4
# Lowest and highest bit rates of MPEG-2 layer III, in kbit/s, which libsndfile maps to its compression level.
_MP3_KBIT = (8.0, 160.0)
# Samples by which an MP3 encoder and decoder delay a recording, unless the file states it, as larger frames do.
_MP3_DELAY = 1105
_TILT_LOW_HZ, _TILT_MIDDLE_HZ = 100.0, 1000.0
_GSM_RATE_HZ = 8000
_FFT_BLOCK = 1024


def first_seconds(samples: np.ndarray, seconds: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Keep what comes before speech, and so many seconds from its start: what a listener has heard by then."""
    speech = trim_silence(samples, sample_rate_hz=rate_hz, below_db=_SPEECH_BELOW_DB)
    # The trimmed samples are a view of the others.
    start = (speech.ctypes.data - samples.ctypes.data) // samples.itemsize
    return samples[: start + round(seconds * rate_hz)]


def gain(samples: np.ndarray, level_db: float, _: int, __: np.random.Generator) -> np.ndarray:
    """Change the level."""
    return samples * 10 ** (level_db / 20)


def white_noise(samples: np.ndarray, snr_db: float, _: int, generator: np.random.Generator) -> np.ndarray:
    """Add white noise at a signal-to-noise ratio."""
    return with_noise(samples, generator.normal(size=len(samples)), snr_db)


def pink_noise(samples: np.ndarray, snr_db: float, _: int, generator: np.random.Generator) -> np.ndarray:
    """Add noise whose power falls by 3 dB per octave, as that of many rooms and streets does."""
    return with_noise(samples, coloured_noise(len(samples), 3.0, generator), snr_db)


def coloured_noise(count: int, fall_db_per_octave: float, generator: np.random.Generator) -> np.ndarray:
    """Return noise (count,) whose power falls with frequency."""
    spectrum = np.fft.rfft(generator.normal(size=count))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** (fall_db_per_octave / 20 / np.log10(2))
    return np.fft.irfft(spectrum, count)


def babble(samples: np.ndarray, voices: int, generator: np.random.Generator) -> np.ndarray:
    """Return the sum of several copies of a recording, shifted in a circle and played backwards."""
    return sum(np.roll(samples[::-1], generator.integers(len(samples))) for _ in range(voices))


def with_noise(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise at a signal-to-noise ratio in decibels."""
    return samples + noise * _rms(samples) / max(_rms(noise), 1e-12) * 10 ** (-snr_db / 20)


def tilt(samples: np.ndarray, db_per_octave: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Tilt the spectrum; positive values are brighter. The gain is constant below 100 Hz, and 1 at 1 kHz."""
    # Pad to a multiple of the block: Fourier transforms of a prime length are slow.
    size = -(-len(samples) // _FFT_BLOCK) * _FFT_BLOCK
    frequencies_hz = np.fft.rfftfreq(size, d=1.0 / rate_hz)
    octaves = np.log2(np.maximum(frequencies_hz, _TILT_LOW_HZ) / _TILT_MIDDLE_HZ)
    gains = 10.0 ** (db_per_octave * octaves / 20.0)
    return np.fft.irfft(np.fft.rfft(samples, n=size) * gains, n=size)[: len(samples)]


def low_pass(samples: np.ndarray, edge_hz: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Remove what lies above a frequency."""
    return _filtered(samples, edge_hz, "lowpass", rate_hz)


def telephone(samples: np.ndarray, edge_hz: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Keep the band of a telephone, from 300 Hz to a frequency."""
    return _filtered(samples, (_TELEPHONE_LOW_HZ, edge_hz), "bandpass", rate_hz)


def mp3(samples: np.ndarray, kbit_per_s: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Encode as MP3 with a constant bit rate, and decode."""
    low, high = _MP3_KBIT
    level = (high - kbit_per_s) / (high - low)
    decoded = _coded(
        np.pad(samples, (0, _MP3_DELAY)),
        rate_hz,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=level,
    )
    stated, late = decoded[: len(samples)], decoded[_MP3_DELAY:]
    return late if late @ samples > stated @ samples else stated


def opus(samples: np.ndarray, compression: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Encode as Opus, and decode; 0 compresses least and 1 most."""
    return _coded(samples, rate_hz, format="OGG", subtype="OPUS", compression_level=compression)


def gsm(samples: np.ndarray, _: float, rate_hz: int, __: np.random.Generator) -> np.ndarray:
    """Encode as GSM 06.10 at 8 kHz, the codec of older mobile telephones, and decode."""
    narrow = soxr.resample(np.asarray(samples, np.float32), rate_hz, _GSM_RATE_HZ)
    decoded = _coded(narrow, _GSM_RATE_HZ, format="WAV", subtype="GSM610")
    return _of_length(soxr.resample(decoded, _GSM_RATE_HZ, rate_hz), len(samples))


def reverberation(samples: np.ndarray, rt60_s: float, rate_hz: int, generator: np.random.Generator) -> np.ndarray:
    """Add the exponential reverberation of a room, with as much energy as the direct sound."""
    time_s = np.arange(round(rt60_s * rate_hz)) / rate_hz
    tail = generator.normal(size=len(time_s)) * 10 ** (-3 * time_s / rt60_s)
    tail[0] = 0.0
    response = tail / np.sqrt(np.square(tail).sum())
    response[0] = 1.0
    return in_room(samples, response)


def in_room(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Return a recording in a room with this impulse response, at the level of before."""
    changed = scipy.signal.fftconvolve(samples, response)[: len(samples)]
    return changed * _rms(samples) / max(_rms(changed), 1e-12)


def offset(samples: np.ndarray, amplitude: float, _: int, __: np.random.Generator) -> np.ndarray:
    """Add a constant."""
    return samples + amplitude


def hum(samples: np.ndarray, amplitude: float, rate_hz: int, generator: np.random.Generator) -> np.ndarray:
    """Add mains hum of 50 Hz."""
    phase = generator.uniform(0, 2 * np.pi)
    return samples + amplitude * np.sin(2 * np.pi * _HUM_HZ * np.arange(len(samples)) / rate_hz + phase)


def clipping(samples: np.ndarray, depth_db: float, _: int, __: np.random.Generator) -> np.ndarray:
    """Clip at a level below the peak."""
    limit = np.abs(samples).max() * 10 ** (-depth_db / 20)
    return np.clip(samples, -limit, limit)


def leading_silence(samples: np.ndarray, seconds: float, rate_hz: int, generator: np.random.Generator) -> np.ndarray:
    """Put near silence before the recording."""
    return np.concatenate([_SILENCE_AMPLITUDE * generator.normal(size=round(seconds * rate_hz)), samples])


def speed(samples: np.ndarray, factor: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Play faster (above 1) or slower, which also changes the pitch."""
    return soxr.resample(samples, rate_hz * factor, rate_hz, quality="HQ")


def _coded(samples: np.ndarray, rate_hz: int, **options: object) -> np.ndarray:
    """Encode and decode; a codec may return a few samples more or fewer."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate_hz, 1, **options) as writer:
        writer.write(np.clip(samples, -1, 1))
    file.seek(0)
    decoded, _rate = soundfile.read(file, dtype="float32")
    return _of_length(decoded, len(samples))


def _of_length(samples: np.ndarray, count: int) -> np.ndarray:
    return np.pad(samples, (0, max(0, count - len(samples))))[:count]


def _filtered(samples: np.ndarray, edges_hz: float | tuple[float, float], kind: str, rate_hz: int) -> np.ndarray:
    sections = scipy.signal.butter(_FILTER_ORDER, edges_hz, kind, fs=rate_hz, output="sos")
    return scipy.signal.sosfilt(sections, samples)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))
