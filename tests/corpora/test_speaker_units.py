import json

import pytest

from ser_fop.corpora.schema import Row
from ser_fop.corpora.speaker_units import unit_folds, with_units
from ser_fop.errors import InputError

SPEAKERS = ("anna", "bert", "carl")


def rows_of(count=10, *, session=None, text=None, speakers=SPEAKERS):
    """Rows of speaker identification: some utterances of each speaker."""
    return tuple(
        Row(
            id=f"{speaker}-{number}",
            shard=0,
            frames=9,
            duration_s=0.1,
            speaker=speaker,
            label="" if speaker == "unknown" else speaker,
            session=session(number) if session else "",
            columns=(("text", text(number)),) if text else (),
        )
        for speaker in speakers
        for number in range(count)
    )


def parts_of(folds, rows):
    """Sets of rows by part, for each fold."""
    return [
        {part: {row.id for row in rows if fold.part_of().get(row.group) == part} for part in ("test", "train")}
        for fold in folds.folds
    ]


@pytest.mark.parametrize(
    ("options", "unit"),
    [
        ({}, "utterance"),
        ({"session": lambda number: str(number // 2)}, "session"),
        ({"session": lambda number: str(number // 5)}, "utterance"),
        ({"text": lambda number: f"text {number}"}, "text"),
        ({"text": lambda number: f"text {number % 2}"}, "utterance"),
    ],
)
def test_folds_divide_sessions_or_texts_where_they_leave_every_speaker_in_training(options, unit):
    rows = rows_of(**options)
    found, named = with_units(rows)
    assert found == unit
    folds = unit_folds("toy", named, found)
    assert folds.protocol == f"5-{unit}-folds"
    label_of = {row.id: row.label for row in rows}
    what_of = {row.id: row.session if unit == "session" else dict(row.columns).get("text") for row in rows}
    tested = [key for parts in parts_of(folds, named) for key in parts["test"]]
    assert sorted(tested) == sorted(label_of)
    for parts in parts_of(folds, named):
        assert {label_of[key] for key in parts["train"]} == set(SPEAKERS)
        if unit == "text":
            assert {what_of[key] for key in parts["train"]}.isdisjoint(what_of[key] for key in parts["test"])
        if unit == "session":
            pairs = {part: {(label_of[key], what_of[key]) for key in keys} for part, keys in parts.items()}
            assert pairs["train"].isdisjoint(pairs["test"])


def test_speaker_with_two_utterances_is_in_training_only():
    rows = (*rows_of(6, speakers=("anna", "bert")), *rows_of(2, speakers=("carl",)))
    unit, named = with_units(rows)
    for fold in unit_folds("toy", named, unit).folds:
        assert {"carl-0", "carl-1"} <= set(fold.train)


def test_no_speaker_with_three_utterances_is_refused():
    unit, named = with_units(rows_of(2))
    with pytest.raises(InputError, match="with at least 3 utterances each"):
        unit_folds("toy", named, unit)


def test_unknown_speakers_are_in_no_part():
    unit, named = with_units(rows_of(5, speakers=(*SPEAKERS, "unknown")))
    assert all("unknown" not in fold.part_of() for fold in unit_folds("toy", named, unit).folds)


def test_fold_file_that_divides_speakers_is_refused(tmp_path):
    unit, named = with_units(rows_of())
    fold = {"test": ["anna"], "validation": ["bert"], "train": ["carl"]}
    content = {"corpus": "toy", "protocol": "p", "description": "d", "folds": [fold]}
    (tmp_path / "folds.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="leave out --folds"):
        unit_folds("toy", named, unit, path=tmp_path / "folds.json")
