"""Level of a recording as it runs: a causal form of the speech level, for streams.

The level of a frame is that of the loudest quarter of a second so far. It fades, so that a stream recovers from a loud
noise. A gain of the recording multiplies the level, and therefore changes no scaled frame.
"""

from typing import Any

import tensorflow as tf

from ser_fop.config.settings import FeatureConfig

_WINDOW_S = 0.25
_FADE_DB_PER_S = 1.0
_SILENT = -1e9
_LOWEST = -80.0


def window_frames(config: FeatureConfig) -> int:
    """Return the number of frames over which power is averaged."""
    return max(1, round(_WINDOW_S / config.hop_s))


def at_running_level(bands: tf.Tensor, config: FeatureConfig) -> tf.Tensor:
    """Scale the band power of each frame by the level of the recording so far.

    Args:
        bands: Power of the bands, of shape (frames, bands) or (batch, frames, bands).
        config: The front end; its distance between frames is used.

    Returns:
        The shape of `bands`. Frames before the first sound keep their power.
    """
    batched = bands if bands.shape.rank == 3 else bands[tf.newaxis]
    empty = initial_level(tf.shape(batched)[0], config)
    scaled, _ = running_level_step(batched, empty, config)
    return scaled if bands.shape.rank == 3 else scaled[0]


def initial_level(batch: Any, config: FeatureConfig) -> dict[str, tf.Tensor]:
    """Return the state of streams before their first frame.

    Args:
        batch: Number of streams.
        config: The front end.
    """
    return {
        "powers": tf.zeros([batch, window_frames(config) - 1]),
        "frames": tf.zeros([batch], tf.int32),
        "level": tf.fill([batch], _SILENT),
    }


def running_level_step(
    bands: tf.Tensor, state: dict[str, tf.Tensor], config: FeatureConfig
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Scale the next frames of streams.

    Args:
        bands: Power of the bands, (batch, frames, bands).
        state: State after the earlier frames: their latest powers, their number, and the logarithm of the level.
        config: The front end.

    Returns:
        The scaled power, of the shape of `bands`, and the new state.
    """
    window, frames = window_frames(config), tf.shape(bands)[1]
    powers = tf.concat([state["powers"], tf.reduce_sum(bands, axis=-1)], axis=1)
    number = state["frames"][:, tf.newaxis] + tf.range(1, frames + 1)
    summed = tf.reduce_sum(tf.signal.frame(powers, window, 1), axis=-1)
    mean = summed / tf.cast(tf.minimum(number, window), summed.dtype)
    loudness = tf.where(mean > 0, tf.math.log(tf.where(mean > 0, mean, 1.0)), _SILENT)
    fade = -_FADE_DB_PER_S * config.hop_s * 0.1 * tf.math.log(10.0)
    level = _fading_maximum(tf.concat([state["level"][:, tf.newaxis], loudness], axis=1), fade)[:, 1:]
    # After minutes of silence the level has faded so far that its reciprocal would be infinite.
    scale = tf.where(level > _SILENT / 2, tf.exp(-tf.maximum(level, _LOWEST)), 1.0)
    later = {
        "powers": powers[:, frames:],
        "frames": state["frames"] + frames,
        "level": tf.concat([state["level"][:, tf.newaxis], level], axis=1)[:, -1],
    }
    return bands * scale[:, :, tf.newaxis], later


def _fading_maximum(values: tf.Tensor, fade: tf.Tensor) -> tf.Tensor:
    """Return the maximum of the values so far, (batch, frames), each reduced by `fade` for each later frame.

    After the round with distance d, an entry has seen 2 d values: the number of rounds grows with the logarithm.
    """
    known = values.shape[1]
    frames = tf.shape(values)[1] if known is None else known

    def combine(distance: Any, found: tf.Tensor) -> tuple[Any, tf.Tensor]:
        earlier = tf.pad(found, [[0, 0], [distance, 0]], constant_values=_SILENT)[:, :frames]
        return 2 * distance, tf.maximum(found, earlier + fade * tf.cast(distance, found.dtype))

    if known is not None:  # phones run no loops
        distance = 1
        while distance < known:
            distance, values = combine(distance, values)
        return values
    shapes = [tf.TensorShape([]), values.shape]
    return tf.while_loop(lambda distance, _: distance < frames, combine, [1, values], shape_invariants=shapes)[1]
