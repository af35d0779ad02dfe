"""One step after another equals the whole utterance, for every causal backbone and pooling."""

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.stream_state import updated_state

MELS, CLASSES = 6, 3
SIZES = {
    "transformer": {"heads": 2, "feed_forward": 24},
    "transformer, pre": {"layer_norm": "pre", "heads": 2, "feed_forward": 24},
    "transformer, input": {"residual_width": "input", "heads": 2, "feed_forward": 24},
    "cnn": {"backbone": "cnn", "kernel": 3},
    "lstm": {"backbone": "lstm"},
}


def classifier(size, *, pooling, stacked=1, attention="causal"):
    generator = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    config = ModelConfig(d_model=16, layers=2, stacked_frames=stacked, **SIZES[size])
    network = EmotionClassifier(Backbone(config, MELS, attention=attention, name="backbone"), CLASSES, pooling=pooling)
    network.backbone.normalization.set_statistics(generator.normal(size=MELS), generator.uniform(0.5, 2, size=MELS))
    for weight in network.trainable_weights:
        weight.assign(weight + 0.2 * generator.normal(size=weight.shape))
    return network


def utterances(frames, batch=2):
    return np.random.default_rng(1).normal(size=(batch, frames, MELS)).astype(np.float32)


def offline(network, mel):
    return np.asarray(network({"mel": mel, "mask": np.ones(mel.shape[:2], bool)}, training=False))


def stepwise(network, mel, *, context, keep=1.0, at_once=1):
    """Return the logits after each step; the last step may be incomplete."""
    state, found = network.initial_state(len(mel), context), []
    size = at_once * network.backbone.config.stacked_frames
    for first in range(0, mel.shape[1], size):
        frames = mel[:, first : first + size]
        missing = size - frames.shape[1]
        mask = np.pad(np.ones(frames.shape[:2], bool), ((0, 0), (0, missing)))
        padded = np.pad(frames, ((0, 0), (0, missing), (0, 0)), constant_values=9.0)  # its values have no effect
        logits, update = network.step(padded, mask, state, keep=keep)
        state = updated_state(state, update)
        found += list(np.moveaxis(np.asarray(logits), 1, 0))
    return found


@pytest.mark.parametrize(
    ("size", "pooling", "context"),
    [
        ("transformer", "mean", 4),
        ("transformer, pre", "attentive", 5),
        ("cnn", "mean_std", 20),
        ("lstm", "attentive", 5),
    ],
)
def test_steps_taken_together_equal_steps_taken_alone(size, pooling, context):
    """Contexts shorter than the utterance: the rings go round, also within the steps of one call."""
    network, mel = classifier(size, pooling=pooling, stacked=2), utterances(24)
    alone = stepwise(network, mel, context=context)
    np.testing.assert_allclose(stepwise(network, mel, context=context, at_once=3), alone, atol=1e-5)
    other = stepwise(network, mel, context=context, keep=0.5)
    assert np.abs(other[-1] - alone[-1]).max() > 1e-4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("pooling", "stacked"), [("mean", 1), ("mean_std", 4), ("attentive", 3)])
def test_logits_after_each_step_equal_those_of_the_utterance_so_far(size, pooling, stacked):
    network, mel = classifier(size, pooling=pooling, stacked=stacked), utterances(14)
    found = stepwise(network, mel, context=20)
    for number in (1, 2, len(found)):
        expected = offline(network, mel[:, : number * stacked])
        np.testing.assert_allclose(found[number - 1], expected, atol=1e-5)
    assert np.abs(found[0] - found[-1]).max() > 1e-3


def test_hidden_states_of_each_step_equal_those_of_the_whole():
    backbone, mel = classifier("transformer", pooling="mean").backbone, utterances(9)
    whole = backbone({"mel": mel, "mask": np.ones(mel.shape[:2], bool)}, training=False)
    state = backbone.initial_state(2, 9)
    for frame in range(9):
        states, update = backbone.step(mel[:, frame : frame + 1], np.ones((2, 1), bool), state)
        state = updated_state(state, update)
        for name, values in states.items():
            np.testing.assert_allclose(values[:, 0], whole[name][:, frame], atol=1e-5)


def test_a_short_context_forgets_early_steps():
    network = classifier("transformer", pooling="attentive")
    mel = utterances(12)
    other = mel.copy()
    other[:, :4] += 5
    backbone = network.backbone
    last = []
    for one in (mel, other):
        state = backbone.initial_state(2, 3)
        for frame in range(12):
            states, update = backbone.step(one[:, frame : frame + 1], np.ones((2, 1), bool), state)
            state = updated_state(state, update)
        last.append(np.asarray(states["h2"]))
    np.testing.assert_allclose(last[0], last[1], atol=1e-5)  # two layers of context 3 see five steps
    assert np.abs(np.asarray(offline(network, mel)) - np.asarray(offline(network, other))).max() > 1e-3


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "attentive"])
def test_forgetting_gives_late_steps_more_weight(pooling):
    network, mel = classifier("lstm", pooling=pooling), utterances(30)
    exact, forgetful = (stepwise(network, mel, context=1, keep=keep)[-1] for keep in (1.0, 0.5))
    assert np.abs(exact - forgetful).max() > 1e-3
    assert np.isfinite(forgetful).all()


def test_a_network_that_sees_the_future_is_refused():
    network = classifier("transformer", pooling="mean", attention="full")
    with pytest.raises(InputError, match="expected a causal network, received one with attention 'full'"):
        network.initial_state(1, 10)
