"""Folds with few labelled training speakers, for a label-efficiency curve."""

import dataclasses

import numpy as np

from ser_fop.corpora.folds import Fold, FoldFile
from ser_fop.corpora.schema import is_unknown
from ser_fop.data.records import Records
from ser_fop.probing.names import ALL_SPEAKERS

_DRAWS = 1000


def with_few_speakers(records: Records, folds: FoldFile, count: int, *, seed: int) -> FoldFile | None:
    """Return the folds with a random part of their training speakers. The others are unused.

    The drawn speakers have all classes of the training part together.

    Args:
        records: The labelled records.
        folds: Folds of these records.
        count: Number of training speakers; `ALL_SPEAKERS` keeps all of them.
        seed: Seed of the draw.

    Returns:
        The folds; None if a fold has no more training speakers than `count`, or if no draw has all classes.
    """
    if count == ALL_SPEAKERS:
        return folds
    labels: dict[str, set[str]] = {}
    for row in records.rows:
        if row.label:
            labels.setdefault(row.group, set()).add(row.label)
    generator = np.random.default_rng(seed)
    drawn = [_draw(fold, labels, count, generator) for fold in folds.folds]
    if any(fold is None for fold in drawn):
        return None
    return dataclasses.replace(
        folds,
        protocol=f"{folds.protocol}, {count} training speakers",
        folds=tuple(fold for fold in drawn if fold is not None),
    )


def _draw(fold: Fold, labels: dict[str, set[str]], count: int, generator: np.random.Generator) -> Fold | None:
    known = [speaker for speaker in fold.train if speaker in labels and not is_unknown(speaker)]
    wanted = set().union(*(labels[speaker] for speaker in known))
    if len(known) <= count:
        return None
    for _ in range(_DRAWS):
        chosen = sorted(known[place] for place in generator.permutation(len(known))[:count])
        if set().union(*(labels[speaker] for speaker in chosen)) == wanted:
            rest = tuple(speaker for speaker in fold.train if speaker not in chosen)
            return dataclasses.replace(fold, train=tuple(chosen), unused=(*fold.unused, *rest))
    return None
