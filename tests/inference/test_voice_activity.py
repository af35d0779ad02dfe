import numpy as np
import pytest

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.inference.voice_activity import CHUNK_SAMPLES, RATE_HZ, VoiceActivity


@pytest.fixture(scope="module")
def chunks():
    """Half a second of quiet noise, and speech."""
    noise = 1e-3 * np.random.default_rng(0).normal(size=RATE_HZ // 2)
    speech = read_audio(ser_fop.sample("neutral"), sample_rate_hz=RATE_HZ)
    sound = np.concatenate([noise, speech]).astype(np.float32)
    return sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)


def test_probabilities_tell_speech_from_noise(chunks):
    found = VoiceActivity().probabilities(chunks)
    assert found.shape == (len(chunks),)
    assert found[:14].max() < 0.5
    assert np.mean(found[20:50] > 0.5) > 0.8


@pytest.mark.parametrize("sizes", [[1], [3, 7]])
def test_any_division_gives_the_same_probabilities(chunks, sizes):
    activity, parts, first = VoiceActivity(), [], 0
    while first < len(chunks):
        size = sizes[len(parts) % len(sizes)]
        parts.append(activity.probabilities(chunks[first : first + size]))
        first += size
    expected = VoiceActivity().probabilities(chunks)
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-5)
    # Counter-case: chunks that are heard without those before them.
    alone = [VoiceActivity().probabilities(chunk[np.newaxis])[0] for chunk in chunks]
    assert np.abs(alone - expected).max() > 0.1


def test_reset_forgets_and_recordings_do_not_affect_each_other(chunks):
    activity, other = VoiceActivity(), VoiceActivity()
    first = activity.probabilities(chunks)
    other.probabilities(chunks[::-1])
    activity.reset()
    np.testing.assert_array_equal(activity.probabilities(chunks), first)
