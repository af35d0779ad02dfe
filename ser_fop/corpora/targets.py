"""Targets: what a classifier learns to tell of an utterance, such as its emotion, its keyword or its speaker."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from ser_fop.corpora.schema import Utterance, is_unknown
from ser_fop.errors import InputError, closest

EMOTION, SPEAKER = "emotion", "speaker"

U = TypeVar("U", bound=Utterance)

# What every utterance has a field for.
_FIELDS = (SPEAKER, "gender", "session", "style")
# Names that the outputs of a model and its tables use for something else.
_RESERVED = frozenset(
    [
        "file",
        "name",
        "start_s",
        "end_s",
        "label",
        "target",
        "probabilities",
        "reason",
        "problem",
        "is_final",
        "scores",
        "labels",
        "answer",
        "refusal",
        "doubts",
        "prediction",
        "waveform",
        "length",
        "wav",
        "mel",
        "id",
        "fold",
        "seed",
        "predicted",
        "unit",
        "shard",
        "frames",
        "duration_s",
    ]
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_target(name: str) -> str:
    """Return the name of a target, which also names the answer of a model.

    Args:
        name: Name of a column.

    Raises:
        InputError: If it cannot name an output of a model.

    Example:
        >>> check_target("keyword")
        'keyword'
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InputError(
            "--target expected the name of a column, of letters, digits and underscores and none of"
            f" {', '.join(sorted(_RESERVED))}, received {name!r}. Rename the column."
        )
    return name


def available_targets(utterances: Iterable[Utterance], *, own: str) -> tuple[str, ...]:
    """Return the names of the columns that can be a target.

    Args:
        utterances: Utterances of a corpus.
        own: The target that their labels are of.
    """
    utterances = list(utterances)
    fields = [name for name in _FIELDS if any(getattr(one, name) for one in utterances)]
    return tuple(dict.fromkeys([own, *fields, *(name for one in utterances for name, _ in one.columns)]))


def with_target(utterances: Sequence[U], target: str, *, own: str, where: str) -> tuple[U, ...]:
    """Return utterances with the labels of another target.

    Args:
        utterances: Utterances of a corpus.
        target: Name of the column with the new labels.
        own: The target that their labels are of. Their labels go to the column of this name.
        where: Name of the corpus or folder, for messages.

    Returns:
        The utterances. Those that are blank in the column, or spoken by a speaker whom nobody knows if the target is
        the speaker, are unlabelled.

    Raises:
        InputError: If there is no such column.

    Example:
        >>> one = Utterance(id="a", speaker="Ann", file="a.wav", label="sad", columns=(("word", "yes"),))
        >>> with_target([one], "word", own="emotion", where="here")[0].label
        'yes'
    """
    if check_target(target) == own:
        return tuple(utterances)
    names = available_targets(utterances, own=own)
    if target not in names:
        raise InputError(
            f"--target expected a column of {where}, one of {', '.join(names)}, received {target!r}."
            f"{closest(target, names)}"
        )
    return tuple(_relabelled(one, target, own) for one in utterances)


def labels_of(utterances: Iterable[Utterance]) -> tuple[str, ...]:
    """Return the distinct labels, sorted."""
    return tuple(sorted({one.label for one in utterances} - {""}))


def _relabelled(one: U, target: str, own: str) -> U:
    columns = dict(one.columns)
    label = getattr(one, target) if target in _FIELDS else columns.pop(target, "")
    if target == SPEAKER and is_unknown(label):
        label = ""
    if one.label:
        columns[own] = one.label
    return dataclasses.replace(one, label=label, annotation=label, columns=tuple(columns.items()))
