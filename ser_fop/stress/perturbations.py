"""Changes of a recording that leave its emotion as it is."""

import dataclasses
import io
from collections.abc import Callable

import numpy as np
import scipy.signal
import soundfile
import soxr

Change = Callable[[np.ndarray, float, int, np.random.Generator], np.ndarray]

_TELEPHONE_LOW_HZ = 300.0
_FILTER_ORDER = 8
_HUM_HZ = 50.0
# Room noise of a good studio; digital silence does not occur before speech.
_SILENCE_AMPLITUDE = 1e-4
# Lowest and highest bit rates of MPEG-2 layer III, in kbit/s, which libsndfile maps to its compression level.
_MP3_KBIT = (8.0, 160.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Perturbation:
    """One kind of change at several levels.

    Attributes:
        title: Name in tables.
        unit: Unit of the levels.
        levels: Levels, the mildest first.
        change: Function of samples (samples,), a level, the sample rate in hertz and a random generator. It returns
            the changed samples, (samples,).
    """

    title: str
    unit: str
    levels: tuple[float, ...]
    change: Change

    def apply(
        self, samples: np.ndarray, level: float, *, sample_rate_hz: int, generator: np.random.Generator
    ) -> np.ndarray:
        """Return the changed samples as float32.

        Args:
            samples: Samples of shape (samples,).
            level: Strength of the change.
            sample_rate_hz: Their sample rate.
            generator: Source of noise.
        """
        return self.change(samples, level, sample_rate_hz, generator).astype(np.float32)


def gain(samples: np.ndarray, level_db: float, _: int, __: np.random.Generator) -> np.ndarray:
    """Change the level."""
    return samples * 10 ** (level_db / 20)


def white_noise(samples: np.ndarray, snr_db: float, _: int, generator: np.random.Generator) -> np.ndarray:
    """Add white noise at a signal-to-noise ratio."""
    return _with_noise(samples, generator.normal(size=len(samples)), snr_db)


def pink_noise(samples: np.ndarray, snr_db: float, _: int, generator: np.random.Generator) -> np.ndarray:
    """Add noise whose power falls by 3 dB per octave, as that of many rooms and streets does."""
    spectrum = np.fft.rfft(generator.normal(size=len(samples)))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return _with_noise(samples, np.fft.irfft(spectrum, len(samples)), snr_db)


def low_pass(samples: np.ndarray, edge_hz: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Remove what lies above a frequency."""
    return _filtered(samples, edge_hz, "lowpass", rate_hz)


def telephone(samples: np.ndarray, edge_hz: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Keep the band of a telephone, from 300 Hz to a frequency."""
    return _filtered(samples, (_TELEPHONE_LOW_HZ, edge_hz), "bandpass", rate_hz)


def mp3(samples: np.ndarray, kbit_per_s: float, rate_hz: int, _: np.random.Generator) -> np.ndarray:
    """Encode as MP3 with a constant bit rate, and decode."""
    low, high = _MP3_KBIT
    file = io.BytesIO()
    with soundfile.SoundFile(
        file,
        "w",
        rate_hz,
        1,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=(high - kbit_per_s) / (high - low),
    ) as writer:
        writer.write(np.clip(samples, -1, 1))
    file.seek(0)
    decoded, _rate = soundfile.read(file, dtype="float32")
    return np.pad(decoded, (0, max(0, len(samples) - len(decoded))))[: len(samples)]


def reverberation(samples: np.ndarray, rt60_s: float, rate_hz: int, generator: np.random.Generator) -> np.ndarray:
    """Add the exponential reverberation of a room, with as much energy as the direct sound."""
    time_s = np.arange(round(rt60_s * rate_hz)) / rate_hz
    tail = generator.normal(size=len(time_s)) * 10 ** (-3 * time_s / rt60_s)
    tail[0] = 0.0
    response = tail / np.sqrt(np.square(tail).sum())
    response[0] = 1.0
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


PERTURBATIONS: dict[str, Perturbation] = {
    "gain": Perturbation(title="level", unit="dB", levels=(-6, 6, 10, -12, -20, -30), change=gain),
    "white_noise": Perturbation(title="white noise, SNR", unit="dB", levels=(40, 30, 20, 10, 0), change=white_noise),
    "pink_noise": Perturbation(title="pink noise, SNR", unit="dB", levels=(40, 30, 20, 10, 0), change=pink_noise),
    "low_pass": Perturbation(title="bandwidth", unit="Hz", levels=(6000, 4000, 2000), change=low_pass),
    "telephone": Perturbation(title="telephone, 300 Hz to", unit="Hz", levels=(3400,), change=telephone),
    "mp3": Perturbation(title="MP3", unit="kbit/s", levels=(64, 32, 16), change=mp3),
    "reverberation": Perturbation(title="reverberation, RT60", unit="s", levels=(0.2, 0.5, 1.0), change=reverberation),
    "offset": Perturbation(title="constant offset", unit="full scale", levels=(0.0005, 0.002, 0.01), change=offset),
    "hum": Perturbation(title="hum of 50 Hz", unit="full scale", levels=(0.001, 0.005, 0.01), change=hum),
    "clipping": Perturbation(title="clipping below the peak", unit="dB", levels=(3, 6, 12), change=clipping),
    "leading_silence": Perturbation(title="leading silence", unit="s", levels=(0.5, 1, 2), change=leading_silence),
    "speed": Perturbation(title="speed", unit="times", levels=(1.05, 0.95, 1.15, 0.85), change=speed),
}


def _with_noise(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    return samples + noise * _rms(samples) / max(_rms(noise), 1e-12) * 10 ** (-snr_db / 20)


def _filtered(samples: np.ndarray, edges_hz: float | tuple[float, float], kind: str, rate_hz: int) -> np.ndarray:
    sections = scipy.signal.butter(_FILTER_ORDER, edges_hz, kind, fs=rate_hz, output="sos")
    return scipy.signal.sosfilt(sections, samples)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))
