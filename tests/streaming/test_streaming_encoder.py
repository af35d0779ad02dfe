import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.outputs import SCORES
from ser_fop.streaming.stream_states import OwnStates
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from tests.streaming.conftest import BACKBONES, make_classifier, make_predictor


def pushed(encoder, samples, sizes):
    """Push samples in chunks of the given sizes, repeated, and return the joined outputs."""
    parts, first, number = [], 0, 0
    while first < samples.shape[-1]:
        size = sizes[number % len(sizes)]
        parts.append(encoder.push(samples[..., first : first + size]))
        first, number = first + size, number + 1
    parts.append(encoder.flush())
    return {name: np.concatenate([part[name] for part in parts if part], axis=1) for name in next(filter(None, parts))}


def offline(network, spec, samples):
    model = InferenceModel(network, spec)
    length = np.int32([samples.shape[-1]])
    return {name: np.asarray(values) for name, values in model.from_waveform(samples[np.newaxis], length).items()}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(("pooling", "stacked"), [("mean_std", 4), ("attentive", 1)])
def test_any_division_into_chunks_gives_the_offline_scores(speech, backbone, pooling, stacked):
    network, spec = make_classifier(backbone, pooling=pooling, stacked=stacked)
    step, samples = StreamStep(network, spec), speech[:9000]
    expected = offline(network, spec, samples)["scores"][0]
    found = [pushed(StreamingEncoder(step), samples, sizes)[SCORES] for sizes in ([9000], [1600], [1, 500, 37])]
    for one in found:
        np.testing.assert_allclose(one[0, -1], expected, atol=1e-5)
        np.testing.assert_allclose(one, found[0], atol=1e-6)
    assert np.ptp(found[0][0], axis=0).max() > 1e-3


def test_each_step_gives_the_offline_scores_of_its_prefix(step, speech):
    found = StreamingEncoder(step).push(speech[:8000])[SCORES][0]
    for number in (1, 3, len(found)):
        heard = step.window_samples + (number - 1) * step.hop_samples
        expected = offline(step.network, step.spec, speech[:heard])["scores"][0]
        np.testing.assert_allclose(found[number - 1], expected, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"front_end": "mfcc", "coefficients": 12, "level": "running", "floor": 1e-4},
        {"front_end": "lpcc", "coefficients": 12},
        {"sample_rate_hz": 8000, "high_hz": 3800.0, "fft_size": 256, "level": "running", "floor": 1e-4},
    ],
)
def test_every_causal_front_end_gives_the_offline_scores(speech, changes):
    network, spec = make_classifier(stacked=3, features=FeatureConfig(mels=12, **changes))
    samples = speech[:9000]
    found = pushed(StreamingEncoder(StreamStep(network, spec)), samples, [1100])[SCORES]
    np.testing.assert_allclose(found[0, -1], offline(network, spec, samples)["scores"][0], atol=1e-5)


def test_single_samples_are_a_valid_chunk(step, speech):
    encoder = StreamingEncoder(step)
    whole = encoder.push(speech[:1600])[SCORES]
    encoder.reset()
    one_by_one = [encoder.push(speech[place : place + 1]) for place in range(1600)]
    found = np.concatenate([one[SCORES] for one in one_by_one if one], axis=1)
    np.testing.assert_allclose(found, whole, atol=1e-6)


def test_hidden_states_of_a_predictor_equal_those_of_the_recording(speech):
    network, spec = make_predictor()
    samples = speech[:6000]
    states = pushed(StreamingEncoder(StreamStep(network, spec)), samples, [700])
    mel, length = InferenceModel(network, spec).compute_mels(samples[np.newaxis], np.int32([len(samples)]))
    inputs = {"mel": mel, "mask": tf.ones(mel.shape[:2], tf.bool)}
    whole = network.backbone(inputs, training=False)
    assert int(length[0]) == mel.shape[1]
    for name in ("F", "h1", "h2"):
        np.testing.assert_allclose(states[name], whole[name], atol=1e-4)


def test_streams_of_a_batch_do_not_affect_each_other(speech):
    step = StreamStep(*make_classifier("lstm"))
    both = np.stack([speech[:4000], 0.01 * speech[4000:8000]])
    together = StreamingEncoder(step, streams=2).push(both)[SCORES]
    for row, samples in enumerate(both):
        np.testing.assert_allclose(StreamingEncoder(step).push(samples)[SCORES][0], together[row], atol=1e-6)


def test_state_does_not_grow(speech):
    step = StreamStep(*make_classifier(), context_s=0.2)
    states = OwnStates(step, 1)
    encoder = StreamingEncoder(step, states=states)
    encoder.push(speech[:4000])
    shapes = {name: value.shape for name, value in states._state.items()}
    encoder.push(np.tile(speech, 3))
    assert {name: value.shape for name, value in states._state.items()} == shapes
    assert encoder._buffer.rest.shape[1] < step.window_samples


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attention": "full"}, "received one with attention 'full'"),
        ({"features": FeatureConfig(level="speech")}, "features.level 'speech'"),
        ({"features": FeatureConfig(normalised_by="utterance")}, "features.normalised_by 'utterance'"),
        ({"trim_below_db": 40.0}, "received one with trimmed silence"),
    ],
)
def test_models_that_hear_the_future_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        StreamStep(*make_classifier(**changes))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(10, np.int16), "received int16 of shape"),
        (np.zeros((2, 10), np.float32), r"expected floating-point samples of shape \(1, samples\)"),
        (np.float32([0.1, np.nan]), "received nan"),
        (np.full(10, 3000.0, np.float32), "received 3000"),
    ],
)
def test_unusable_chunks_are_refused_and_the_stream_goes_on(step, speech, samples, message):
    encoder = StreamingEncoder(step)
    before = encoder.push(speech[:2000])[SCORES]
    with pytest.raises(InputError, match=message):
        encoder.push(samples)
    after = encoder.push(speech[2000:4000])[SCORES]
    encoder.reset()
    expected = encoder.push(speech[:4000])[SCORES]
    np.testing.assert_allclose(np.concatenate([before, after], axis=1), expected, atol=1e-6)
