"""Speaker-disjoint folds, and the files that contain them."""

import dataclasses
import importlib.resources
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from ser_fop.config.settings import ALL_FOLDS, Protocol
from ser_fop.corpora.schema import Utterance, is_unknown
from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_unicode, value_digest, write_text

_PARTS = ("test", "validation", "train", "unused")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fold:
    """Sets of speakers without a common member.

    Attributes:
        test: Test speakers. No choice depends on them.
        validation: Validation speakers, for early stopping and every other choice.
        train: Training speakers.
        unused: Speakers of no part, such as those reserved for a later claim.
    """

    test: tuple[str, ...]
    validation: tuple[str, ...]
    train: tuple[str, ...]
    unused: tuple[str, ...] = ()

    def part_of(self) -> dict[str, str]:
        """Return `test`, `validation`, `train` or `unused` by speaker."""
        return {speaker: part for part in _PARTS for speaker in getattr(self, part)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoldFile:
    """Content of a fold file.

    Attributes:
        corpus: Name of the corpus.
        protocol: Short name for tables.
        description: Origin of the folds.
        folds: Folds. Fold 0 is the paper's single fold, if the paper has one.
    """

    corpus: str
    protocol: str
    description: str
    folds: tuple[Fold, ...]


def read_folds(path: Path) -> FoldFile:
    """Read and check a fold file.

    Raises:
        InputError: If it is missing, malformed, or a fold shares a speaker.
    """
    if not path.is_file():
        raise InputError(f"the fold file {path} does not exist.")
    try:
        folds = msgspec.json.decode(read_unicode(path), type=FoldFile)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not a fold file ({error}). Expected keys corpus, protocol, description, folds."
        ) from error
    return check_folds(folds, name=str(path))


def check_folds(folds: FoldFile, *, name: str) -> FoldFile:
    """Return `folds`, or raise an `InputError` if two parts share a speaker or a part has none."""
    if not folds.folds:
        raise InputError(f"{name} holds no fold.")
    for number, fold in enumerate(folds.folds):
        parts = {part: set(speakers) for part, speakers in _parts(fold)}
        for part, speakers in parts.items():
            if not speakers and part != "unused":
                raise InputError(f"fold {number} of {name} has no {part} speaker.")
            for other, others in parts.items():
                shared = sorted(speakers & others)
                if part < other and shared:
                    raise InputError(
                        f"fold {number} of {name} has speaker {shared[0]!r} in both {part} and {other}."
                        " Folds must be speaker-disjoint."
                    )
    for speaker, count in Counter(speaker for fold in folds.folds for speaker in fold.test).items():
        if count > 1:
            raise InputError(
                f"{name} tests speaker {speaker!r} in {count} folds, and pooled figures would count the"
                " speaker several times. Test each speaker in one fold."
            )
    return folds


def speaker_sessions(utterances: Iterable[Utterance]) -> dict[str, str]:
    """Return the session of each speaker; an empty string for a speaker with none or with several.

    Folds over sessions are speaker-disjoint only if every speaker has one session.
    """
    sessions: dict[str, set[str]] = {}
    for utterance in utterances:
        sessions.setdefault(utterance.speaker, set()).add(utterance.session)
    return {speaker: next(iter(found)) if len(found) == 1 else "" for speaker, found in sessions.items()}


def session_folds(corpus: str, sessions: Mapping[str, str]) -> FoldFile:
    """Test each session in turn. The speakers of the next session are for validation.

    Args:
        corpus: Corpus name.
        sessions: Session by speaker.
    """
    names = sorted(set(sessions.values()))
    groups = [tuple(sorted(speaker for speaker, session in sessions.items() if session == name)) for name in names]
    return rotating_folds(
        corpus, groups, protocol="session-folds", description="One session is tested, the next one validates."
    )


def speaker_folds(corpus: str, speakers: Sequence[str], *, count: int = 5) -> FoldFile:
    """Deal the sorted speakers to `count` groups. One group is tested, and the next one is for validation.

    Args:
        corpus: Corpus name.
        speakers: Names, in any order.
        count: Folds; fewer where there are fewer speakers.
    """
    ordered = sorted(speakers)
    count = min(count, len(ordered))
    groups = [tuple(ordered[first::count]) for first in range(count)]
    return rotating_folds(
        corpus, groups, protocol=f"{count}-speaker-folds", description="Sorted speakers dealt out in turn."
    )


def leave_one_speaker_out(corpus: str, speakers: Sequence[str]) -> FoldFile:
    """Test each speaker in turn. The next speaker is for validation.

    Args:
        corpus: Corpus name.
        speakers: Names, in any order.
    """
    groups = [(speaker,) for speaker in sorted(speakers)]
    return rotating_folds(
        corpus, groups, protocol="leave-one-speaker-out", description="One speaker is tested, the next one validates."
    )


def make_folds(protocol: Protocol, corpus: str, sessions: Mapping[str, str], *, count: int = 5) -> FoldFile:
    """Make the folds of a protocol.

    Args:
        protocol: Its name.
        corpus: Corpus name.
        sessions: Session by speaker, as `speaker_sessions` returns it.
        count: Folds of `k-speaker-folds`.

    Raises:
        InputError: If a speaker has no session or several (`session-folds`), or there are too few speakers.
    """
    if protocol == "session-folds":
        if not all(sessions.values()):
            speaker = next(speaker for speaker, session in sessions.items() if not session)
            raise InputError(
                f"session-folds expected one session for each speaker of corpus {corpus!r}, but speaker {speaker!r} has"
                " none or several: training would include test speakers. Choose another protocol."
            )
        return session_folds(corpus, sessions)
    if protocol == "leave-one-speaker-out":
        return leave_one_speaker_out(corpus, list(sessions))
    if protocol == "single-fold":
        folds = speaker_folds(corpus, list(sessions), count=count)
        return dataclasses.replace(folds, protocol=protocol, folds=folds.folds[:1])
    return speaker_folds(corpus, list(sessions), count=count)


def rotating_folds(corpus: str, groups: Sequence[tuple[str, ...]], *, protocol: str, description: str) -> FoldFile:
    """Test each group in turn. The next group is for validation.

    Args:
        corpus: Corpus name.
        groups: Disjoint groups of speakers, or of what else the folds divide.
        protocol: Short name for tables.
        description: Origin of the folds.

    Raises:
        InputError: If there are fewer than three groups.
    """
    if len(groups) < 3:
        raise InputError(
            f"corpus {corpus!r} has {len(groups)} group(s) of speakers: speaker-disjoint test, validation and training"
            " need at least three. Give --folds a file of your own, or more speakers."
        )
    folds = []
    for test in range(len(groups)):
        validation = (test + 1) % len(groups)
        rest = [group for number, group in enumerate(groups) if number not in (test, validation)]
        train = tuple(sorted(speaker for group in rest for speaker in group))
        folds.append(Fold(test=groups[test], validation=groups[validation], train=train))
    return check_folds(
        FoldFile(corpus=corpus, protocol=protocol, description=description, folds=tuple(folds)), name=corpus
    )


def published_folds(corpus: str) -> FoldFile | None:
    """Return the fold file that the package contains for a corpus; None if there is none."""
    source = importlib.resources.files("ser_fop.corpora") / "fold_files" / f"{corpus}.json"
    if not source.is_file():
        return None
    return check_folds(msgspec.json.decode(source.read_bytes(), type=FoldFile), name=f"{corpus}.json")


def folds_of(
    corpus: str, sessions: Mapping[str, str], *, path: Path | None = None, split: FoldFile | None = None
) -> FoldFile:
    """Return the folds of a corpus: from a file, the published ones, or by session or speaker.

    Args:
        corpus: Name of the corpus.
        sessions: Session by speaker, as `speaker_sessions` returns it. Folds are made by session if every speaker has
            one, and by speaker otherwise.
        path: Fold file.
        split: The publisher's own fold, as `published_split` returns it.

    Returns:
        The folds, without the speakers that the corpus lacks. The speaker `unknown` may be several people, so it is a
        training speaker in each fold.

    Raises:
        InputError: If a part of a fold has no speaker left, a fold does not contain a speaker of the corpus, or a fold
            file tests the speaker `unknown`.
    """
    unknown = [speaker for speaker in sessions if is_unknown(speaker)]
    sessions = {speaker: session for speaker, session in sessions.items() if not is_unknown(speaker)}
    if unknown and not sessions:
        raise InputError(
            f"folds of corpus {corpus!r} expected known speakers, received the speaker {unknown[0]!r} alone: nobody knows"
            " who is on both sides of a fold, so it can be trained on (--fold none) and never tested."
        )
    folds = read_folds(path) if path else published_folds(corpus) or split
    if folds is None:
        with_sessions = all(sessions.values()) and len(set(sessions.values())) >= 3
        folds = session_folds(corpus, sessions) if with_sessions else speaker_folds(corpus, list(sessions))
    name = str(path or f"the folds of {corpus}")
    for number, fold in enumerate(folds.folds):
        missing = sorted(set(sessions) - set(fold.part_of()))
        if missing:
            raise InputError(f"fold {number} of {name} does not contain speaker {missing[0]!r} of the records.")
    present = [
        Fold(**{part: tuple(speaker for speaker in speakers if speaker in sessions) for part, speakers in _parts(fold)})
        for fold in folds.folds
    ]
    for speaker in unknown:
        stated = [fold.part_of().get(speaker, "train") for fold in folds.folds]
        present = [_with_unknown(fold, speaker, part, name) for fold, part in zip(present, stated, strict=True)]
    return check_folds(dataclasses.replace(folds, folds=tuple(present)), name=name)


def _with_unknown(fold: Fold, speaker: str, part: str, name: str) -> Fold:
    """Return a fold with a speaker whom nobody knows in a part; it cannot be tested."""
    if part in ("test", "validation"):
        raise InputError(
            f"{name} has the speaker {speaker!r} in its {part} part: nobody knows who that is, so it can be in the"
            " training part or unused only. Move it."
        )
    return dataclasses.replace(fold, **{part: (*getattr(fold, part), speaker)})


def _parts(fold: Fold) -> list[tuple[str, tuple[str, ...]]]:
    return [(part, getattr(fold, part)) for part in _PARTS]


def chosen_folds(fold: str, folds: FoldFile) -> list[int]:
    """Return the fold numbers that `--fold` selects.

    Raises:
        InputError: If it is neither `all` nor the number of a fold.
    """
    if fold == ALL_FOLDS:
        return list(range(len(folds.folds)))
    if fold.isdecimal() and int(fold) < len(folds.folds):
        return [int(fold)]
    raise InputError(f"--fold expected a number from 0 to {len(folds.folds) - 1} or `all`, received {fold!r}.")


def folds_digest(folds: Sequence[Fold]) -> str:
    """Return a digest of the parts of folds. The order of the speakers does not matter."""
    parts = [{part: sorted(speakers) for part, speakers in _parts(fold)} for fold in folds]
    return value_digest(parts)


def write_folds(path: Path, folds: FoldFile) -> None:
    """Write a fold file that `read_folds` reads."""
    write_text(path, json.dumps(msgspec.to_builtins(folds), indent=1) + "\n")
