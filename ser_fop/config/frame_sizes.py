"""Conversion between samples, frames and seconds."""

from ser_fop.config.settings import FeatureConfig


def window_length(config: FeatureConfig) -> int:
    """Return the length of the analysis window, in samples."""
    return round(config.window_s * config.sample_rate_hz)


def hop_length(config: FeatureConfig) -> int:
    """Return the distance between frames, in samples."""
    return round(config.hop_s * config.sample_rate_hz)


def frame_count(samples: int, config: FeatureConfig) -> int:
    """Return the number of whole frames in `samples` samples."""
    return max(0, 1 + (samples - window_length(config)) // hop_length(config))


def frame_end_s(frame: int, config: FeatureConfig) -> float:
    """Return the time at which a frame is complete, in seconds from the start."""
    return (frame * hop_length(config) + window_length(config)) / config.sample_rate_hz
