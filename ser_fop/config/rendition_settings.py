"""Settings of renditions: varied copies of a recording, as another microphone, room or line would give it."""

from dataclasses import dataclass

from ser_fop.errors import InputError


@dataclass(frozen=True, kw_only=True)
class RenditionSettings:
    """Ranges from which each rendition of an utterance draws its changes. None of them moves a frame.

    Attributes:
        room_share: Share of the renditions in a simulated room (extra `augment`).
        tilt_db_per_octave: Largest spectral tilt up or down, in decibels per octave, as of a microphone.
        noise_share: Share of the renditions with noise: coloured noise, or babble made of the utterance itself.
        snr_db: Lowest and highest signal-to-noise ratio, in decibels.
        band_share: Share of the renditions with a limited band, of which a third has that of a telephone.
        lowest_edge_hz: Lowest upper edge of a limited band, in hertz.
        codec_share: Share of the renditions through a lossy codec: MP3, Opus or GSM.
        gain_db: Largest gain up or down, in decibels. What exceeds full scale is clipped.
        rooms: Number of simulated rooms to draw from.
        seed: Seed of all draws.
    """

    room_share: float = 0.4
    tilt_db_per_octave: float = 3.0
    noise_share: float = 0.6
    snr_db: tuple[float, float] = (0.0, 35.0)
    band_share: float = 0.25
    lowest_edge_hz: float = 3000.0
    codec_share: float = 0.25
    gain_db: float = 20.0
    rooms: int = 64
    seed: int = 0


def check_renditions(settings: RenditionSettings, *, sample_rate_hz: int) -> RenditionSettings:
    """Return the settings if their values are valid.

    Args:
        settings: Settings of renditions.
        sample_rate_hz: Sample rate of the recordings.

    Raises:
        InputError: If a value is out of its range.
    """
    for name in ("room_share", "noise_share", "band_share", "codec_share"):
        if not 0 <= (share := getattr(settings, name)) <= 1:
            raise InputError(f"variation.{name} expected 0 to 1, received {share:g}.")
    if settings.snr_db[0] > settings.snr_db[1]:
        raise InputError(
            "variation.snr_db expected the lowest ratio first, received"
            f" {settings.snr_db[0]:g} and {settings.snr_db[1]:g}."
        )
    if not 0 < settings.lowest_edge_hz < sample_rate_hz / 2:
        raise InputError(
            f"variation.lowest_edge_hz expected more than 0 and less than {sample_rate_hz / 2:g}, received"
            f" {settings.lowest_edge_hz:g}."
        )
    if min(settings.tilt_db_per_octave, settings.gain_db) < 0 or settings.rooms < 1 or settings.seed < 0:
        raise InputError(
            "variation expected tilt_db_per_octave, gain_db and seed of 0 or more and rooms of 1 or more, received"
            f" {settings.tilt_db_per_octave:g}, {settings.gain_db:g}, {settings.seed} and {settings.rooms}."
        )
    return settings
