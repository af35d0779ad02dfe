"""Active speech level of recordings, as ITU-T P.56 defines it, measured on frames."""

import tensorflow as tf

# A frame is active if its power is at most this much below the active level (P.56, method B), in dB.
_MARGIN_DB = 15.9
# Each round leaves out the frames that are too quiet for the level of the round before.
_ROUNDS = 8


def active_power(power: tf.Tensor) -> tf.Tensor:
    """Return the mean power of the active frames.

    P.56 counts the time in which the envelope of the speech is above a threshold that lies 15.9 dB below the level that
    this count gives. Here, frames take the place of the envelope. A gain multiplies the result by the gain's square.

    Args:
        power: Power of each frame, of shape (batch, frames). Frames of padding have a power of 0.

    Returns:
        Shape (batch,). It is 0 without an active frame.

    Example:
        >>> float(active_power(tf.constant([[1.0, 1.0, 0.001, 0.0]]))[0])
        1.0
    """
    active = power > 0
    level = tf.zeros_like(power[:, 0])
    for _ in range(_ROUNDS):
        count = tf.reduce_sum(tf.cast(active, power.dtype), axis=1)
        level = tf.math.divide_no_nan(tf.reduce_sum(tf.where(active, power, 0.0), axis=1), count)
        active = (power > 0) & (power >= level[:, tf.newaxis] * 10 ** (-_MARGIN_DB / 10))
    return level


def at_speech_level(bands: tf.Tensor, frames: tf.Tensor | None = None) -> tf.Tensor:
    """Scale the band power of each recording so that its active frames have a mean total power of 1.

    Args:
        bands: Power of the bands, of shape (frames, bands) or (batch, frames, bands).
        frames: Number of frames of each recording, of shape (batch,). Later frames have no effect. By default, all
            frames count.

    Returns:
        The shape of `bands`. A recording without sound keeps its power.
    """
    power = tf.reduce_sum(bands, axis=-1)
    power = power[tf.newaxis] if power.shape.rank == 1 else power
    if frames is not None:
        power = tf.where(tf.sequence_mask(frames, tf.shape(power)[1]), power, 0.0)
    # A recording may have no frame.
    level = active_power(tf.pad(power, [[0, 0], [0, 1]]))
    scale = tf.where(level > 0, tf.math.reciprocal_no_nan(level), 1.0)
    return bands * (scale[0] if bands.shape.rank == 2 else scale[:, tf.newaxis, tf.newaxis])
