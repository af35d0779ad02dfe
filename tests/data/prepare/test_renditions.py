import dataclasses
import sys

import numpy as np
import pytest

from ser_fop.config.rendition_settings import RenditionSettings, check_renditions
from ser_fop.data.prepare.renditions import Renditions
from ser_fop.errors import InputError

RATE_HZ = 16000
SETTINGS = RenditionSettings(rooms=3)


@pytest.fixture(scope="module")
def renditions():
    pytest.importorskip("pyroomacoustics")
    return Renditions(SETTINGS, sample_rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def speech():
    """Noise with an envelope like that of syllables."""
    generator = np.random.default_rng(0)
    envelope = np.clip(np.sin(2 * np.pi * 3 * np.arange(2 * RATE_HZ) / RATE_HZ), 0, 1)
    return (0.1 * envelope * generator.normal(size=envelope.size)).astype(np.float32)


def test_copy_depends_on_utterance_and_number_only(renditions, speech):
    def copy(utterance_id, number, source=renditions):
        return source.vary(speech, utterance_id=utterance_id, number=number)

    again = Renditions(SETTINGS, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(copy("a", 1), copy("a", 1, again))
    assert np.abs(copy("a", 1) - copy("a", 2)).max() > 1e-3
    assert np.abs(copy("a", 1) - copy("b", 1)).max() > 1e-3


@pytest.mark.parametrize("number", range(12))
def test_copy_keeps_length_and_range_and_frames_in_place(renditions, speech, number):
    copy = renditions.vary(speech, utterance_id="a", number=number)
    assert copy.shape == speech.shape
    assert copy.dtype == np.float32
    assert np.abs(copy).max() <= 1
    assert abs(_delay_s(speech, copy)) < 0.05  # a room's echoes move the centre of an envelope


def test_delayed_recording_is_noticed(speech):
    assert _delay_s(speech, np.roll(speech, 1105)) == pytest.approx(1105 / RATE_HZ, abs=0.005)


def _delay_s(one, other):
    """Return by how much the envelope of `other` is later, in seconds."""
    envelopes = [np.sqrt(np.square(part.reshape(-1, 80)).mean(axis=1)) for part in (one, other)]
    centred = [envelope - envelope.mean() for envelope in envelopes]
    return (np.correlate(centred[1], centred[0], "full").argmax() - (len(centred[0]) - 1)) * 80 / RATE_HZ


def test_silence_stays_finite(renditions):
    for number in range(8):
        assert np.isfinite(renditions.vary(np.zeros(4000, np.float32), utterance_id="a", number=number)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"room_share": 1.5}, "room_share"),
        ({"snr_db": (20.0, 10.0)}, "lowest ratio first"),
        ({"lowest_edge_hz": 9000.0}, "lowest_edge_hz"),
        ({"gain_db": -1.0}, "gain_db"),
        ({"rooms": 0}, "rooms"),
    ],
)
def test_values_out_of_range_raise_input_error(changes, message):
    with pytest.raises(InputError, match=message):
        check_renditions(dataclasses.replace(SETTINGS, **changes), sample_rate_hz=RATE_HZ)


def test_missing_extra_raises_input_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(InputError, match=r"ser_fop\[augment\]"):
        Renditions(SETTINGS, sample_rate_hz=RATE_HZ)
    Renditions(dataclasses.replace(SETTINGS, room_share=0.0), sample_rate_hz=RATE_HZ)
