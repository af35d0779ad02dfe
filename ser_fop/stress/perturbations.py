"""The changes of a recording that `stress` applies, and their levels."""

import dataclasses
from collections.abc import Callable

import numpy as np

from ser_fop.corpora import recording_changes as changes

Change = Callable[[np.ndarray, float, int, np.random.Generator], np.ndarray]


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


PERTURBATIONS: dict[str, Perturbation] = {
    "gain": Perturbation(title="level", unit="dB", levels=(-6, 6, 10, -12, -20, -30), change=changes.gain),
    "white_noise": Perturbation(
        title="white noise, SNR", unit="dB", levels=(40, 30, 20, 10, 0), change=changes.white_noise
    ),
    "pink_noise": Perturbation(
        title="pink noise, SNR", unit="dB", levels=(40, 30, 20, 10, 0), change=changes.pink_noise
    ),
    "low_pass": Perturbation(title="bandwidth", unit="Hz", levels=(6000, 4000, 2000), change=changes.low_pass),
    "telephone": Perturbation(title="telephone, 300 Hz to", unit="Hz", levels=(3400,), change=changes.telephone),
    "mp3": Perturbation(title="MP3", unit="kbit/s", levels=(64, 32, 16), change=changes.mp3),
    "reverberation": Perturbation(
        title="reverberation, RT60", unit="s", levels=(0.2, 0.5, 1.0), change=changes.reverberation
    ),
    "offset": Perturbation(
        title="constant offset", unit="full scale", levels=(0.0005, 0.002, 0.01), change=changes.offset
    ),
    "hum": Perturbation(title="hum of 50 Hz", unit="full scale", levels=(0.001, 0.005, 0.01), change=changes.hum),
    "clipping": Perturbation(title="clipping below the peak", unit="dB", levels=(3, 6, 12), change=changes.clipping),
    "leading_silence": Perturbation(
        title="leading silence", unit="s", levels=(0.5, 1, 2), change=changes.leading_silence
    ),
    "heard": Perturbation(
        title="first seconds of speech", unit="s", levels=(3, 2, 1, 0.5), change=changes.first_seconds
    ),
    "speed": Perturbation(title="speed", unit="times", levels=(1.05, 0.95, 1.15, 0.85), change=changes.speed),
}
