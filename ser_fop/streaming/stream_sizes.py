"""Sizes of the steps of a stream."""

import math

from ser_fop.config.frame_sizes import hop_length, window_length
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.streaming.streamable import check_streamable


class StreamSizes:
    """Sizes of the steps of a causal network.

    A step has `stacked_frames` frames. Its samples overlap with those of the next step, because windows do.

    Args:
        spec: JSON config of the network.
        context_s: Time to which a transformer attends, in seconds.
        most_steps: Largest number of steps that may be taken at once.

    Attributes:
        spec: JSON config of the network.
        frames: Frames of a step.
        hop_samples: Samples from one step to the next.
        hop_s: The same in seconds.
        window_samples: Samples of a step, with the overlap. N steps have `window_samples + (N - 1) * hop_samples`.
        context: Number of steps to which a transformer attends.
        most_steps: Largest number of steps that may be taken at once, a power of two within the context.

    Raises:
        InputError: If the network or its front end is not causal.
    """

    def __init__(self, spec: NetworkSpec, *, context_s: float, most_steps: int) -> None:
        check_streamable(spec)
        self.spec = spec
        features, frames = spec.features, spec.model.stacked_frames
        self.frames = frames
        self.hop_samples = frames * hop_length(features)
        self.window_samples = window_length(features) + (frames - 1) * hop_length(features)
        self.hop_s = self.hop_samples / features.sample_rate_hz
        self.context = max(1, math.ceil(context_s / self.hop_s))
        self.most_steps = min(most_steps, 2 ** (self.context.bit_length() - 1))

    def steps_of(self, samples: int) -> int:
        """Return the number of whole steps in so many samples."""
        return max(0, 1 + (samples - self.window_samples) // self.hop_samples)
