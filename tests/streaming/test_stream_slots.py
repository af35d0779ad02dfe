import threading
import time

import numpy as np
import pytest

from ser_fop.inference.outputs import SCORES
from ser_fop.streaming.stream_slots import StreamSlots
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from tests.streaming.conftest import BACKBONES, make_classifier


@pytest.fixture
def slots_of():
    """Build slots, and stop their threads in the end."""
    built = []

    def build(step, count):
        built.append(StreamSlots(step, count))
        return built[-1]

    yield build
    for one in built:
        one.close()


def recordings(speech):
    return [np.roll(speech, 3000 * number)[: 6000 + 1500 * number] * (1 - 0.15 * number) for number in range(5)]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_streams_side_by_side_equal_streams_alone(speech, slots_of, backbone):
    # A context that is shorter than the recordings: the rings go round.
    step = StreamStep(*make_classifier(backbone, pooling="attentive"), context_s=0.2)
    expected = [StreamingEncoder(step).push(samples)[SCORES] for samples in recordings(speech)]
    slots = slots_of(step, 5)
    found = {}

    def push(number, samples):
        encoder = StreamingEncoder(step, states=slots.open())
        parts = [encoder.push(samples[first : first + 700]) for first in range(0, len(samples), 700)]
        found[number] = np.concatenate([part[SCORES] for part in parts if part], axis=1)

    threads = [threading.Thread(target=push, args=item) for item in enumerate(recordings(speech))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, scores in enumerate(expected):
        np.testing.assert_allclose(found[number], scores, atol=1e-5)
    assert np.abs(expected[0][:, -1] - expected[1][:, -1]).max() > 1e-3


def test_waiting_streams_share_a_step(step, speech, slots_of):
    slots = slots_of(step, 3)
    encoders = [StreamingEncoder(step, states=slots.open()) for _ in range(3)]
    sizes = []
    advance, is_busy = slots._table.advance, threading.Event()

    def slow_advance(places, *arguments):
        sizes.append(len(places))
        if len(sizes) == 1:
            is_busy.set()
            deadline = time.monotonic() + 30
            while slots._queue.qsize() < 2 and time.monotonic() < deadline:
                time.sleep(0.001)
        return advance(places, *arguments)

    slots._table.advance = slow_advance
    window = speech[: step.window_samples]
    threads = [threading.Thread(target=encoder.push, args=(window,)) for encoder in encoders]
    threads[0].start()
    assert is_busy.wait(30)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [1, 2]


def test_a_slot_that_is_taken_again_begins_a_new_stream(step, speech, slots_of):
    slots = slots_of(step, 1)
    results = []
    for lead in (speech[8000:16000], speech[:0]):
        states = slots.open()
        encoder = StreamingEncoder(step, states=states)
        encoder.push(lead)
        results.append(encoder.push(speech[:4000])[SCORES])
        with pytest.raises(RuntimeError, match="all slots are taken"):
            slots.open()
        states.close()
    np.testing.assert_allclose(results[1], StreamingEncoder(step).push(speech[:4000])[SCORES], atol=1e-6)
    assert np.abs(results[0][0, -1] - results[1][0, -1]).max() > 1e-4  # an old stream would have had an effect


def test_an_error_of_a_step_reaches_each_stream_and_the_next_step_succeeds(step, speech, slots_of, monkeypatch):
    slots = slots_of(step, 1)
    states = slots.open()
    encoder = StreamingEncoder(step, states=states)
    with monkeypatch.context() as patch:
        patch.setattr(slots._table, "advance", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            encoder.push(speech[:4000])
    encoder.reset()
    assert encoder.push(speech[:4000])[SCORES].shape[1] > 0


def test_closed_slots_refuse_steps_and_a_slot_is_given_back_once(step, speech, slots_of):
    slots = slots_of(step, 2)
    first, second = slots.open(), slots.open()
    first.close()
    first.close()
    third = slots.open()
    with pytest.raises(RuntimeError, match="all slots are taken"):
        slots.open()
    slots.close()
    slots.close()
    for states in (second, third):
        with pytest.raises(RuntimeError, match="has closed them"):
            StreamingEncoder(step, states=states).push(speech[:4000])
