"""What the folds of speaker identification divide: sessions, texts or utterances of each speaker.

Every speaker is in training. A session has one microphone and one room, and a text has the same words: with either on both
sides of a fold, a classifier could tell the recording or the words instead of the voice.
"""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from ser_fop.corpora.folds import Fold, FoldFile, check_folds, read_folds, rotating_folds
from ser_fop.corpora.schema import UNKNOWN_SPEAKER, Row
from ser_fop.corpora.split_column import published_split
from ser_fop.errors import InputError

# What precedes names where runs record whom a network has heard: a unit, and a person of whom it has heard some units.
# A name alone is a person of whom it has heard everything.
UNIT_MARK, PARTLY_MARK = "part/", "partly/"
SESSION, TEXT, UTTERANCE = "session", "text", "utterance"
# Test, validation and training need a unit each.
_FEWEST = 3
_FOLDS = 5


def with_units(rows: Sequence[Row]) -> tuple[str, tuple[Row, ...]]:
    """Return the rows of speaker identification.

    Args:
        rows: Rows whose label is the speaker.

    Returns:
        What folds divide, `session`, `text` or `utterance`, and the rows with the name of their unit:
        sessions if every speaker has three of them, otherwise texts (column `text`) if every fold then has each speaker
        in training, otherwise utterances.
    """
    known = [row for row in rows if row.label]
    for unit, name_of in (
        (SESSION, lambda row: row.session and f"{row.label}/{row.session}"),
        (TEXT, lambda row: dict(row.columns).get(TEXT, "")),
        (UTTERANCE, lambda row: row.id),
    ):
        named = {row.id: name_of(row) for row in known}
        if unit == UTTERANCE or (all(named.values()) and _divides(known, named, unit)):
            break
    return unit, tuple(dataclasses.replace(row, unit=named.get(row.id, UNKNOWN_SPEAKER)) for row in rows)


def partly_heard(name: str) -> str:
    """Return the record of a person of whom some units were heard.

    Args:
        name: The person, as `corpus:speaker`.

    Example:
        >>> partly_heard("voxceleb1:id10001")
        'voxceleb1:partly/id10001'
    """
    corpus, _, speaker = name.partition(":")
    return f"{corpus}:{PARTLY_MARK}{speaker}"


def unit_folds(corpus: str, rows: Sequence[Row], unit: str, *, path: Path | None = None) -> FoldFile:
    """Return the folds of speaker identification. One group of units is tested, and the next one validates.

    Args:
        corpus: Name of the corpus.
        rows: Rows of `with_units`.
        unit: What they divide.
        path: Fold file with names of units instead of speakers.

    Returns:
        The publisher's own fold, if it divides the units and has every speaker in training. Otherwise at most
        five folds, in which a speaker with fewer than three units is in training only.

    Raises:
        InputError: If no speaker has three units, or the fold file divides something else.
    """
    known = [row for row in rows if row.label]
    if path:
        return _from_file(path, known, unit)
    if split := _published(corpus, known):
        return split
    groups, trained = _groups(known, {row.id: row.unit for row in known}, unit)
    if not groups:
        raise InputError(
            f"--target speaker expected speakers of {corpus!r} with at least {_FEWEST} {unit}s each, received none: test,"
            " validation and training need one each. Add recordings."
        )
    folds = rotating_folds(
        corpus,
        groups,
        protocol=f"{len(groups)}-{unit}-folds",
        description=f"Every speaker is in training; one of {len(groups)} groups of {unit}s is tested, the next validates.",
    )
    with_rest = tuple(dataclasses.replace(fold, train=(*fold.train, *sorted(trained))) for fold in folds.folds)
    return check_folds(dataclasses.replace(folds, folds=with_rest), name=corpus)


def _published(corpus: str, rows: Sequence[Row]) -> FoldFile | None:
    """Return the publisher's own fold, unless a speaker or unit is where it may not be."""
    split = published_split(corpus, rows)
    if split is None:
        return None
    trained = set(split.folds[0].train)
    everyone = {row.label for row in rows}
    return split if everyone == {row.label for row in rows if row.unit in trained} else None


def _groups(rows: Sequence[Row], named: dict[str, str], unit: str) -> tuple[list[tuple[str, ...]], set[str]]:
    """Deal units to groups; return the groups, and the units of speakers who have too few of them."""
    if unit == TEXT:
        dealt = [_in_order(set(named.values()))]
    else:
        of_speaker: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            of_speaker[row.label].add(named[row.id])
        dealt = [_in_order(units) for _, units in sorted(of_speaker.items())]
    groups: list[list[str]] = [[] for _ in range(_FOLDS)]
    trained: set[str] = set()
    for first, units in enumerate(dealt):
        if len(units) < _FEWEST:
            trained |= set(units)
            continue
        for number, one in enumerate(units):  # each speaker begins at another group, so that groups have like sizes
            groups[(first + number) % _FOLDS].append(one)
    return [tuple(sorted(group)) for group in groups if group], trained


def _in_order(units: Iterable[str]) -> list[str]:
    """Return names in an order that depends on nothing but the names."""
    return sorted(units, key=lambda name: hashlib.sha256(name.encode()).digest())


def _divides(rows: Sequence[Row], named: dict[str, str], unit: str) -> bool:
    """Return whether every fold over these units has each speaker in training, and none is left out of all tests."""
    groups, trained = _groups(rows, named, unit)
    if trained or len(groups) < _FEWEST:
        return False
    place = {name: number for number, group in enumerate(groups) for name in group}
    held: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        held[row.label].add(place[named[row.id]])
    away = [{number, (number + 1) % len(groups)} for number in range(len(groups))]
    return all(groups_of - pair for groups_of in held.values() for pair in away)


def _from_file(path: Path, rows: Sequence[Row], unit: str) -> FoldFile:
    folds = read_folds(path)
    units = {row.unit for row in rows}
    for number, fold in enumerate(folds.folds):
        if missing := sorted(units - set(fold.part_of())):
            raise InputError(
                f"--target speaker expected folds that divide {unit}s, so that every speaker is in training, but fold"
                f" {number} of {path} does not contain {missing[0]!r}. Folds that divide speakers cannot test who speaks:"
                " leave out --folds."
            )
    present = tuple(_only(fold, units) for fold in folds.folds)
    return check_folds(dataclasses.replace(folds, folds=present), name=str(path))


def _only(fold: Fold, units: set[str]) -> Fold:
    return Fold(**{part: tuple(name for name in names if name in units) for part, names in vars(fold).items()})
