import dataclasses

import numpy as np
import pytest

from ser_fop.config.streaming import StreamSettings
from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.predictor import Predictor
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_recogniser import StreamingRecogniser
from tests.streaming.conftest import LABELS, make_classifier, make_predictor

QUIET = (1e-4 * np.random.default_rng(0).normal(size=24000)).astype(np.float32)


def answers_of(recogniser, samples, size):
    found = [one for first in range(0, len(samples), size) for one in recogniser.push(samples[first : first + size])]
    return [*found, *recogniser.flush()]


def assert_same_answers(found, expected):
    """Equal up to the rounding of steps that are taken together."""
    assert [dataclasses.replace(one, probabilities={}) for one in found] == [
        dataclasses.replace(one, probabilities={}) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_last_answer_equals_predict_and_no_answer_depends_on_the_chunks(step, speech):
    predicted = Predictor(InferenceModel(step.network, step.spec)).predict(speech, sample_rate_hz=16000)
    found = [answers_of(StreamingRecogniser(step), speech, size) for size in (len(speech), 1600, 333)]
    for answers in found:
        assert_same_answers(answers, found[0])
        last = answers[-1]
        assert last.is_final
        assert last.emotion == predicted.emotion
        np.testing.assert_allclose(
            [last.probabilities[label] for label in LABELS],
            [predicted.probabilities[label] for label in LABELS],
            atol=1e-5,
        )
    assert last.end_s == len(speech) / 16000
    assert [one.is_final for one in found[0][:-1]] == [False] * (len(found[0]) - 1)


def test_there_is_no_answer_before_speech(step, speech):
    answers = answers_of(StreamingRecogniser(step), np.concatenate([QUIET, speech]), 1600)
    early = [one for one in answers if one.end_s < 1.5]
    assert {(one.emotion, one.reason) for one in early} == {("", "no speech")}
    assert answers[-1].emotion in LABELS
    heedless = answers_of(StreamingRecogniser(step, StreamSettings(detect_speech=False)), QUIET, 1600)
    assert heedless[0].emotion in LABELS


def test_pauses_divide_a_stream_into_stretches(step, speech):
    stream = np.concatenate([speech, QUIET, speech, QUIET])
    answers = answers_of(StreamingRecogniser(step, StreamSettings(pause_s=0.6)), stream, 1600)
    finals = [one for one in answers if one.is_final]
    assert len(finals) == 3
    first, second, end = finals
    assert 2.0 < first.end_s < 3.4
    assert first.end_s <= second.start_s < 4.1
    assert first.emotion in LABELS
    assert second.emotion in LABELS
    assert end.reason == "no speech"
    whole = [one for one in answers_of(StreamingRecogniser(step), stream, 1600) if one.is_final]
    assert len(whole) == 1


def test_a_stretch_is_answered_like_a_recording_of_its_own(step, speech):
    stream = np.concatenate([QUIET, speech, QUIET])
    recogniser = StreamingRecogniser(step, StreamSettings(pause_s=0.6))
    answers = answers_of(recogniser, stream, 1600)
    final = next(one for one in answers if one.is_final)
    last = [one for one in answers if one.probabilities and not one.is_final][-1]
    assert 1.0 - 0.02 <= final.start_s <= 1.5  # half a second before speech was found
    stretch = stream[round(16000 * final.start_s) : round(16000 * last.end_s)]
    expected = Predictor(InferenceModel(step.network, step.spec)).predict(stretch, sample_rate_hz=16000)
    assert last.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_a_run_of_classify_is_refused():
    network, spec = make_predictor()
    with pytest.raises(InputError, match="expected a fine-tuned model"):
        StreamingRecogniser(StreamStep(network, dataclasses.replace(spec, labels=LABELS)))


def test_unsure_answers_say_why(speech):
    network, spec = make_classifier(confidence_threshold=0.999)
    last = answers_of(StreamingRecogniser(StreamStep(network, spec)), speech, 4000)[-1]
    assert (last.emotion, last.reason) == ("unsure", "low confidence")


def test_a_stream_of_a_few_samples_is_too_short(step):
    recogniser = StreamingRecogniser(step)
    assert recogniser.push(np.zeros(10, np.float32)) == []
    (last,) = recogniser.flush()
    assert (last.emotion, last.reason, last.is_final) == ("", "too short", True)


def test_forgetting_lets_late_speech_decide(speech):
    step = StreamStep(*make_classifier("cnn"))  # it looks back a third of a second only

    def difference(forget_s):
        settings = StreamSettings(detect_speech=False, forget_s=forget_s)
        streams = [np.concatenate([start, speech]) for start in (speech, speech[::-1])]
        found = [answers_of(StreamingRecogniser(step, settings), stream, 1600)[-1].probabilities for stream in streams]
        return max(abs(found[0][label] - found[1][label]) for label in LABELS)

    assert difference(0.2) < 0.2 * difference(0.0)


def test_a_network_without_classes_is_refused():
    with pytest.raises(InputError, match="expected a fine-tuned model with classes"):
        StreamingRecogniser(StreamStep(*make_predictor()))
