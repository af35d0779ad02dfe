"""Decode WAV files with TensorFlow operations, so that exported models accept what `predict` accepts.

`tf.audio.decode_wav` reads 16-bit files with a correct size only.
"""

import tensorflow as tf

_HEADER = 12
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
# Streams state a placeholder of at least this size, or (as a signed number) a negative one.
_PLACEHOLDER = 0x7FFF0000
_PRINTABLE = "[ -~]{4}"


def decode_wav(wav: tf.Tensor, *, sample_rate_hz: int) -> tf.Tensor:
    """Decode a WAV file and average its channels.

    Args:
        wav: Content of the file, a scalar string: PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64 bits.
        sample_rate_hz: Expected sample rate.

    Returns:
        Float32 samples of shape (samples,), with full scale 1.

    Raises:
        tf.errors.InvalidArgumentError: If the file is no such WAV, is cut short, or has another sample rate.
    """
    with tf.control_dependencies([_require(tf.strings.length(wav) > _HEADER, "expected a WAV file, received none")]):
        wav = tf.identity(wav)
    is_wav = (tf.strings.substr(wav, 0, 4) == "RIFF") & (tf.strings.substr(wav, 8, 4) == "WAVE")
    with tf.control_dependencies([_require(is_wav, "expected a WAV file, received another format")]):
        format_at, data_at, stated = _find_chunks(tf.identity(wav))
    found = _require((format_at > 0) & (data_at > 0), "expected a WAV file with the chunks `fmt ` and `data`")
    with tf.control_dependencies([found]):
        code, channels, bits = (_unsigned16(wav, format_at + offset) for offset in (0, 2, 14))
        rate_hz = _signed32(wav, format_at + 4)
        code = tf.cond(code == _EXTENSIBLE, lambda: _unsigned16(wav, format_at + 24), lambda: code)
    frame_bytes = channels * (bits // 8)
    checks = [
        _require(
            rate_hz == sample_rate_hz,
            f"expected a WAV of {sample_rate_hz} Hz, received another sample rate: resample the file",
        ),
        _require(channels > 0, "expected a WAV file with a channel, received none"),
        _require(
            ((code == _PCM) & ((bits == 8) | (bits == 16) | (bits == 24) | (bits == 32)))
            | ((code == _FLOAT) & ((bits == 32) | (bits == 64))),
            "expected a WAV file of PCM with 8, 16, 24 or 32 bits, or of floating point with 32 or 64 bits, received"
            " another coding",
        ),
    ]
    with tf.control_dependencies(checks):
        size = _data_size(wav, data_at, stated)
        frames = size // tf.maximum(frame_bytes, 1)
        data = tf.strings.substr(wav, data_at, frames * frame_bytes)
        kind = tf.where(code == _FLOAT, 4 + bits // 64, bits // 8 - 1)
        samples = tf.switch_case(kind, [lambda one=one: one(data) for one in _DECODERS])
    return tf.reduce_mean(tf.reshape(samples, [-1, channels]), axis=1)


def _find_chunks(wav: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return where the contents of `fmt ` and `data` start, and the stated size of `data`; 0 for a missing chunk."""
    total = tf.strings.length(wav)

    def is_open(at: tf.Tensor, _: tf.Tensor, data_at: tf.Tensor, __: tf.Tensor) -> tf.Tensor:
        return (data_at == 0) & (at + 8 <= total) & (at > 0)

    def step(at: tf.Tensor, format_at: tf.Tensor, data_at: tf.Tensor, stated: tf.Tensor) -> tuple[tf.Tensor, ...]:
        name, size = tf.strings.substr(wav, at, 4), _signed32(wav, at + 4)
        is_format = (name == "fmt ") & (at + 8 + 16 <= total)
        is_data = name == "data"
        # A negative size ends the search.
        following = tf.where((size < 0) | (size > total), 0, at + 8 + size + size % 2)
        return (
            following,
            tf.where(is_format, at + 8, format_at),
            tf.where(is_data, at + 8, data_at),
            tf.where(is_data, size, stated),
        )

    zero = tf.constant(0)
    _, format_at, data_at, stated = tf.while_loop(is_open, step, [tf.constant(_HEADER), zero, zero, zero])
    return format_at, data_at, stated


def _data_size(wav: tf.Tensor, data_at: tf.Tensor, stated: tf.Tensor) -> tf.Tensor:
    """Return the number of bytes of samples: the stated size, or all bytes if the size cannot be right."""
    rest = tf.strings.length(wav) - data_at
    is_placeholder = (stated <= 0) | (stated >= _PLACEHOLDER)
    complete = _require(
        is_placeholder | (stated <= rest + 1), "expected a complete WAV file, received one that is cut short"
    )
    with tf.control_dependencies([complete]):
        size = tf.where(is_placeholder, rest, tf.minimum(stated, rest))
    # A chunk, a tag or text begins with printable characters, after a pad byte that may be missing.
    ends_at_chunk = size >= rest - 4
    for skipped in (0, 1):
        after = tf.strings.substr(wav, tf.minimum(data_at + size + skipped, data_at + rest), 4)
        ends_at_chunk |= tf.strings.regex_full_match(after, _PRINTABLE)
    following = tf.io.decode_raw(tf.strings.substr(wav, data_at + size, rest - size), tf.uint8)
    padding = tf.reduce_all(following == following[:1])
    return tf.where(ends_at_chunk | padding, size, rest)


def _decode_pcm24(data: tf.Tensor) -> tf.Tensor:
    parts = tf.cast(tf.reshape(tf.io.decode_raw(data, tf.uint8), [-1, 3]), tf.int32)
    value = parts[:, 0] + parts[:, 1] * 2**8 + parts[:, 2] * 2**16
    return tf.cast(tf.where(value >= 2**23, value - 2**24, value), tf.float32) / 2**23


# Decoders of 8, 16, 24 and 32 bits, and of floating point with 32 and 64 bits.
_DECODERS = (
    lambda data: (tf.cast(tf.io.decode_raw(data, tf.uint8), tf.float32) - 128) / 128,
    lambda data: tf.cast(tf.io.decode_raw(data, tf.int16), tf.float32) / 2**15,
    _decode_pcm24,
    lambda data: tf.cast(tf.io.decode_raw(data, tf.int32), tf.float32) / 2**31,
    lambda data: tf.io.decode_raw(data, tf.float32),
    lambda data: tf.cast(tf.io.decode_raw(data, tf.float64), tf.float32),
)


def _signed32(wav: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_raw(tf.strings.substr(wav, at, 4), tf.int32)[0]


def _unsigned16(wav: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.io.decode_raw(tf.strings.substr(wav, at, 2), tf.uint16)[0], tf.int32)


def _require(condition: tf.Tensor, message: str) -> tf.Operation:
    return tf.debugging.Assert(condition, [message])
