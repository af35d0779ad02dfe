from collections import Counter

import pytest

from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError
from ser_fop.stress.selection import read_sounds, select_utterances
from ser_fop.testing.tones import write_voice

LABELS = ("happy", "sad")
UTTERANCES = tuple(
    Utterance(id=f"{speaker}-{emotion}-{number}", file=f"{number}.wav", speaker=speaker, label=emotion)
    for speaker in ("a", "b", "c")
    for emotion in ("happy", "traurig", "bored", "")
    for number in range(5)
)


def select(**keywords):
    return select_utterances(UTTERANCES, LABELS, **{"renamed": {"traurig": "sad"}, **keywords})


def test_only_classes_of_the_model_are_selected():
    assert Counter(label for _, label in select()) == {"happy": 15, "sad": 15}
    assert Counter(label for _, label in select(renamed={})) == {"happy": 15}


def test_usual_names_of_common_emotions_need_no_renaming():
    usual = [Utterance(id=name, file="a.wav", speaker="a", label=name) for name in ("Happiness", "sadness", "bored")]
    chosen = select_utterances(usual, LABELS, renamed={})
    assert {(one.label, label) for one, label in chosen} == {("Happiness", "happy"), ("sadness", "sad")}


@pytest.mark.parametrize("limit", [6, 12])
def test_limit_draws_evenly_over_speakers_and_classes(limit):
    chosen = select(limit=limit)
    assert set(Counter((one.speaker, label) for one, label in chosen).values()) == {limit // 6}
    assert chosen == select(limit=limit)
    assert chosen != select(limit=limit, seed=1)


def test_small_limit_is_not_of_one_speaker_only():
    assert len({one.speaker for one, _ in select(limit=3, seed=2)}) > 1


def test_speakers_are_kept_or_refused():
    assert {one.speaker for one, _ in select(speakers=("a",))} == {"a"}
    with pytest.raises(InputError, match="expected speakers of the corpus, received 'z'"):
        select(speakers=("z",))


def test_no_common_class_is_refused():
    with pytest.raises(InputError, match="expected utterances with one of the model's classes"):
        select_utterances(UTTERANCES, ("ANG",), renamed={})


def test_unreadable_recordings_are_reported(tmp_path):
    write_voice(tmp_path / "0.wav", speaker="a", emotion="happy", seconds=0.5)
    chosen = select(speakers=("a",))
    sounds, problems = read_sounds(chosen, tmp_path, sample_rate_hz=16000)
    assert {sound.id for sound in sounds} == {"a-happy-0", "a-traurig-0"}
    assert len(problems) == 8
    (tmp_path / "0.wav").unlink()
    with pytest.raises(InputError, match=r"none of the 10 recordings can be read; the first: 0\.wav does not exist"):
        read_sounds(chosen, tmp_path, sample_rate_hz=16000)
