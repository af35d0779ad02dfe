import pytest

from ser_fop.corpora.folds import folds_of, published_folds, speaker_sessions
from ser_fop.corpora.schema import Row
from ser_fop.corpora.speaker_units import unit_folds, with_units
from ser_fop.corpora.split_column import published_split

PARTS = {"a": "train", "b": "validation", "c": "test"}


def utterance(speaker, part, number=0):
    columns = (("split", part),) if part else ()
    return Row(id=f"{speaker}{number}", shard=0, frames=1, duration_s=1.0, speaker=speaker, columns=columns)


def utterances(**changes):
    return [utterance(speaker, part) for speaker, part in {**PARTS, **changes}.items()]


def test_published_split_is_one_fold():
    (fold,) = published_split("mine", utterances(d="test")).folds
    assert (fold.train, fold.validation, fold.test) == (("a",), ("b",), ("c", "d"))


@pytest.mark.parametrize(
    "rows",
    [
        utterances(d=""),
        utterances(d="dev"),
        utterances(b="train"),
        [*utterances(), utterance("a", "test", 1)],
        [],
    ],
    ids=["no part", "another word", "no validation", "speaker in two parts", "nothing"],
)
def test_published_split_that_is_no_speaker_disjoint_fold_is_none(rows):
    assert published_split("mine", rows) is None


def test_published_split_leaves_out_the_unknown_speaker():
    rows = utterances(unknown="")
    split = published_split("mine", rows)
    assert folds_of("mine", speaker_sessions(rows), split=split).folds[0].train == ("a", "unknown")


def test_folds_prefer_a_fold_file_of_the_package(tmp_path):
    folds = published_folds("emodb")
    sessions = dict.fromkeys(folds.folds[0].part_of(), "")
    assert folds_of("emodb", sessions, split=published_split("emodb", utterances())) == folds


def rows(**parts_of):
    """Return one row for each speaker and part; each is a session of its own."""
    return [
        Row(
            id=f"{speaker}{number}",
            shard=0,
            frames=1,
            duration_s=1.0,
            speaker=speaker,
            label=speaker,
            session=f"video{number}",
            columns=(("split", part),),
        )
        for speaker, parts in parts_of.items()
        for number, part in enumerate(parts)
    ]


class TestSpeakerIdentification:
    def test_unit_folds_follow_a_split_that_divides_the_sessions(self):
        unit, found = with_units(rows(ann=PARTS.values(), bob=PARTS.values()))
        folds = unit_folds("mine", found, unit)
        assert (unit, folds.protocol) == ("session", "published-split")
        assert folds.folds[0].test == ("ann/video2", "bob/video2")

    @pytest.mark.parametrize(
        "parts", [("train", "train", "train"), ("test", "validation", "test"), ("train", "", "test")]
    )
    def test_unit_folds_are_made_if_the_split_does_not_serve(self, parts):
        others = PARTS.values() if "test" in parts else parts
        unit, found = with_units(rows(ann=others, bob=parts))
        assert unit_folds("mine", found, unit).protocol == "4-session-folds"
