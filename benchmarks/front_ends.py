"""The log-mel front end in other libraries, with the sizes of `FeatureConfig`'s defaults and the same frames.

Each `..._front_end()` returns a function from float32 samples to log-mels (frames, 80). Frame t covers the samples
[160 t, 160 t + 400), as in ser_fop. Some libraries centre the window in the 512 samples of the transform; padding of
56 zeros on both sides corrects this.
"""

from collections.abc import Callable

import numpy as np

RATE_HZ, WINDOW, HOP, TRANSFORM, MELS, LOW_HZ, HIGH_HZ, FLOOR = 16000, 400, 160, 512, 80, 20.0, 7600.0, 1e-8
_SIDE = (TRANSFORM - WINDOW) // 2

FrontEnd = Callable[[np.ndarray], np.ndarray]


def librosa_front_end() -> FrontEnd:
    import librosa

    def log_mel(samples: np.ndarray) -> np.ndarray:
        power = librosa.feature.melspectrogram(
            y=np.pad(samples, _SIDE),
            sr=RATE_HZ,
            n_fft=TRANSFORM,
            hop_length=HOP,
            win_length=WINDOW,
            window="hann",
            center=False,
            n_mels=MELS,
            fmin=LOW_HZ,
            fmax=HIGH_HZ,
            htk=True,
            norm=None,
        )
        return np.log(np.maximum(power, FLOOR)).T

    return log_mel


def kaldi_front_end() -> FrontEnd:
    import kaldi_native_fbank

    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = RATE_HZ
    options.frame_opts.dither = 0
    options.frame_opts.window_type = "hann"
    options.frame_opts.preemph_coeff = 0
    options.frame_opts.remove_dc_offset = False
    options.mel_opts.num_bins = MELS
    options.mel_opts.low_freq = LOW_HZ
    options.mel_opts.high_freq = HIGH_HZ

    def log_mel(samples: np.ndarray) -> np.ndarray:
        computer = kaldi_native_fbank.OnlineFbank(options)
        computer.accept_waveform(RATE_HZ, samples.tolist())  # faster than its own conversion of an array
        computer.input_finished()
        return np.stack([computer.get_frame(frame) for frame in range(computer.num_frames_ready)])

    return log_mel


def torch_front_end() -> FrontEnd:
    import torch

    batched = torch_log_mel()

    def log_mel(samples: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return batched(torch.from_numpy(samples)).numpy()

    return log_mel


def torch_log_mel() -> Callable:
    """Return a function from a tensor of samples (..., samples) to log-mels (..., frames, mels)."""
    import torch

    window = torch.hann_window(WINDOW)
    filters = torch.from_numpy(_filters())

    def log_mel(waveform: torch.Tensor) -> torch.Tensor:
        waveform = torch.nn.functional.pad(waveform, (_SIDE, _SIDE))
        spectrum = torch.stft(
            waveform, TRANSFORM, HOP, WINDOW, window, center=False, return_complex=True
        )  # (..., bins, frames)
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log((power.mT @ filters).clamp_min(FLOOR))

    return log_mel


def _filters() -> np.ndarray:
    """Return triangular filters (bins, mels) on the HTK mel scale that are linear in hertz, as in torchaudio."""
    mels = np.linspace(2595 * np.log10(1 + LOW_HZ / 700), 2595 * np.log10(1 + HIGH_HZ / 700), MELS + 2)
    edges_hz = 700 * (10 ** (mels / 2595) - 1)
    bins_hz = np.linspace(0, RATE_HZ / 2, TRANSFORM // 2 + 1)[:, None]
    rising = (bins_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz) / (edges_hz[2:] - edges_hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
