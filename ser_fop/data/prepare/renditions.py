"""Renditions: varied copies of a recording, as another microphone, room or line would give it."""

import zlib

import numpy as np

from ser_fop.config.rendition_settings import RenditionSettings
from ser_fop.corpora import recording_changes as changes
from ser_fop.errors import InputError

# Lowest and highest values of what is drawn. Sizes of rooms in metres.
_ROOM_M = ((2.5, 2.5, 2.2), (10.0, 8.0, 4.0))
_RT60_S = (0.15, 0.8)
_FROM_WALL_M = 0.4
_MOST_REFLECTIONS = 12
_NOISE_FALL_DB = (0.0, 6.0)
_BABBLE_SHARE, _VOICES = 0.3, 5
_TELEPHONE_SHARE, _TELEPHONE_EDGE_HZ = 1 / 3, 3400.0
_MP3_KBIT = (16.0, 96.0)
_SPEED_OF_SOUND_M_PER_S = 343.0


class Renditions:
    """Draws varied copies of recordings. A copy depends on the seed, the utterance and its number only.

    The changes keep every frame in its place, so that a network can read a copy and predict the recording.

    Args:
        settings: Ranges of the changes.
        sample_rate_hz: Sample rate of the recordings.

    Raises:
        InputError: If rooms are wanted and the extra `augment` is not installed.
    """

    def __init__(self, settings: RenditionSettings, *, sample_rate_hz: int) -> None:
        self._settings, self._rate_hz = settings, sample_rate_hz
        self._rooms = _room_responses(settings, sample_rate_hz) if settings.room_share else []

    def vary(self, samples: np.ndarray, *, utterance_id: str, number: int) -> np.ndarray:
        """Return a varied copy.

        Args:
            samples: Samples of shape (samples,).
            utterance_id: Id of the utterance.
            number: Number of the copy.

        Returns:
            Float32 samples of the same shape, between -1 and 1.
        """
        settings, rate_hz = self._settings, self._rate_hz
        generator = np.random.default_rng([settings.seed, zlib.crc32(utterance_id.encode()), number])

        def drawn(share: float) -> bool:
            return generator.uniform() < share

        varied = samples.astype(np.float64)
        if drawn(settings.room_share):
            varied = changes.in_room(varied, self._rooms[generator.integers(len(self._rooms))])
        slope = generator.uniform(-settings.tilt_db_per_octave, settings.tilt_db_per_octave)
        varied = changes.tilt(varied, slope, rate_hz, generator)
        if drawn(settings.noise_share):
            varied = changes.with_noise(varied, self._noise(varied, generator), generator.uniform(*settings.snr_db))
        if drawn(settings.band_share):
            varied = self._band_limited(varied, generator)
        if drawn(settings.codec_share):
            varied = self._coded(varied, generator)
        varied = changes.gain(varied, generator.uniform(-settings.gain_db, settings.gain_db), rate_hz, generator)
        return np.clip(varied, -1.0, 1.0).astype(np.float32)

    def _noise(self, samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        if generator.uniform() < _BABBLE_SHARE:
            return changes.babble(samples, _VOICES, generator)
        return changes.coloured_noise(len(samples), generator.uniform(*_NOISE_FALL_DB), generator)

    def _band_limited(self, samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        if generator.uniform() < _TELEPHONE_SHARE:
            return changes.telephone(samples, _TELEPHONE_EDGE_HZ, self._rate_hz, generator)
        highest_hz = 0.49 * self._rate_hz
        edge_hz = generator.uniform(min(self._settings.lowest_edge_hz, highest_hz), highest_hz)
        return changes.low_pass(samples, edge_hz, self._rate_hz, generator)

    def _coded(self, samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        peak = max(np.abs(samples).max(), 1.0)  # a codec clips at full scale
        codec = generator.choice(["mp3", "opus", "gsm"])
        if codec == "mp3":
            coded = changes.mp3(samples / peak, generator.uniform(*_MP3_KBIT), self._rate_hz, generator)
        elif codec == "opus":
            coded = changes.opus(samples / peak, generator.uniform(), self._rate_hz, generator)
        else:
            coded = changes.gsm(samples / peak, 0.0, self._rate_hz, generator)
        return coded * peak


def _room_responses(settings: RenditionSettings, sample_rate_hz: int) -> list[np.ndarray]:
    """Return impulse responses of rooms by the image-source method, from the arrival of the direct sound on."""
    try:
        import pyroomacoustics
    except ImportError:
        raise InputError(
            'room_share needs pyroomacoustics, which is not installed: pip install "ser_fop[augment]". Or set'
            " --room-share 0."
        ) from None
    generator = np.random.default_rng(settings.seed)
    low, high = (np.array(sizes) for sizes in _ROOM_M)
    responses = []
    while len(responses) < settings.rooms:
        size = generator.uniform(low, high)
        try:
            absorption, order = pyroomacoustics.inverse_sabine(generator.uniform(*_RT60_S), size)
        except ValueError:  # so large a room has a longer reverberation even with walls that absorb everything
            continue
        materials = pyroomacoustics.Material(absorption)
        room = pyroomacoustics.ShoeBox(
            size, fs=sample_rate_hz, materials=materials, max_order=min(order, _MOST_REFLECTIONS)
        )
        source, microphone = (generator.uniform(_FROM_WALL_M, size - _FROM_WALL_M) for _ in range(2))
        room.add_source(source)
        room.add_microphone(microphone)
        room.compute_rir()
        response = np.asarray(room.rir[0][0], np.float64)
        responses.append(response[int(np.argmax(np.abs(response))) :])
    return responses
