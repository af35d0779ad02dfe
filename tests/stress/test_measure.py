import dataclasses

import numpy as np
import pytest

from ser_fop.experiments.reporting.html_parts import document
from ser_fop.inference.outputs import UNSURE
from ser_fop.inference.recording import Recognition
from ser_fop.stress.measure import CLEAN, LabelledSound, measure_stress
from ser_fop.stress.page import describe, rows_of, stress_page
from ser_fop.stress.perturbations import PERTURBATIONS

RATE_HZ = 16000


class LevelListener:
    """A recogniser that hears nothing but the level."""

    labels = ("loud", "quiet")
    sample_rate_hz = RATE_HZ

    def predict_many(self, recordings):
        for recording in recordings:
            peak = np.abs(recording.source).max()
            emotion = "" if peak < 1e-4 else "loud" if peak > 0.05 else "quiet"
            yield Recognition(name=recording.name, start_s=0.0, end_s=1.0, label=emotion)


def sounds():
    generator = np.random.default_rng(0)
    levels = {"loud": 0.1, "quiet": 0.01}
    return [
        LabelledSound(
            id=f"{speaker}-{label}",
            speaker=speaker,
            label=label,
            samples=(levels[label] * generator.uniform(-1, 1, RATE_HZ // 4)).astype(np.float32),
        )
        for speaker in ("a", "b", "c")
        for label in levels
    ]


def outcomes(*names):
    chosen = {name: PERTURBATIONS[name] for name in names}
    return {(one.change, one.level): one for one in measure_stress(LevelListener(), sounds(), perturbations=chosen)}


def test_clean_recordings_come_first_and_nothing_changes():
    (clean,) = measure_stress(LevelListener(), sounds(), perturbations={})
    assert (clean.change, clean.level, clean.utterances) == (CLEAN, None, 6)
    assert (clean.ua, clean.changed, clean.unanswered) == (1.0, 0.0, 0.0)
    assert (clean.ua_low, clean.ua_high) == (1.0, 1.0)


def test_gain_costs_a_listener_of_levels_its_recall():
    found = outcomes("gain")
    assert found["gain", -20.0].ua == 0.5  # all are quiet
    assert found["gain", -20.0].changed == 0.5
    assert found["gain", 6.0].ua == 1.0


def test_recordings_without_an_answer_count_as_wrong():
    found = outcomes("gain")["gain", -30.0]
    assert 0 <= found.unanswered <= 1
    quiet = [
        LabelledSound(id=str(n), speaker=str(n), label="quiet", samples=np.full(100, 1e-5, np.float32)) for n in (1, 2)
    ]
    (clean,) = measure_stress(LevelListener(), quiet, perturbations={})
    assert (clean.ua, clean.unanswered) == (0.0, 1.0)


def test_noise_of_an_utterance_does_not_depend_on_the_others():
    class Recorder(LevelListener):
        heard = None

        def predict_many(self, recordings):
            recordings = list(recordings)
            self.heard = {recording.name: recording.source for recording in recordings}
            return super().predict_many(recordings)

    noise = {"white_noise": PERTURBATIONS["white_noise"]}
    several, alone = Recorder(), Recorder()
    list(measure_stress(several, sounds(), perturbations=noise))
    list(measure_stress(alone, sounds()[2:3], perturbations=noise))
    (name,) = alone.heard
    np.testing.assert_array_equal(alone.heard[name], several.heard[name])


def test_page_names_the_worst_change_and_needs_no_network():
    found = list(outcomes("gain", "hum").values())
    page = stress_page(found, facts={"model": "<toy>"})
    assert "100.0 % without a change" in page
    assert "level -20 dB" in page or "level -30 dB" in page
    assert "&lt;toy&gt;" in page
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http://www.w3.org", "")
    assert len(rows_of(found)) == len(found)
    assert describe(found[0]) == "none"
    assert page.startswith(document("x", [])[:15])


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_change_has_a_title_and_a_unit(name):
    assert PERTURBATIONS[name].title
    assert PERTURBATIONS[name].unit


def test_an_unsure_answer_counts_by_its_most_probable_class():
    class Doubter(LevelListener):
        def predict_many(self, recordings):
            for answer in super().predict_many(recordings):
                other = "quiet" if answer.emotion == "loud" else "loud"
                shares = {answer.emotion: 0.6, other: 0.4}
                emotion = UNSURE if answer.emotion == "loud" else answer.emotion
                yield dataclasses.replace(answer, label=emotion, probabilities=shares)

    (clean,) = measure_stress(Doubter(), sounds(), perturbations={})
    assert (clean.ua, clean.unanswered, clean.unsure) == (1.0, 0.0, 0.5)
