"""The fold of a publisher who divides the corpus once, told by the column `split` of its utterances."""

from collections.abc import Iterable

from ser_fop.corpora.folds import Fold, FoldFile
from ser_fop.corpora.schema import Row, is_unknown

SPLIT = "split"
TRAIN, VALIDATION, TEST = "train", "validation", "test"


def published_split(corpus: str, rows: Iterable[Row]) -> FoldFile | None:
    """Return the one fold that the column `split` describes.

    Args:
        corpus: Name of the corpus.
        rows: Rows of the corpus. Their groups, mostly the speakers, are what the fold divides.

    Returns:
        The fold; None unless each known speaker is in one of the parts `train`, `validation` and `test`, and each part
        has a speaker. A split that puts utterances of one speaker into two parts cannot test on new speakers.

    Example:
        >>> one = {"shard": 0, "frames": 9, "duration_s": 0.1}
        >>> rows = [Row(id=name, speaker=name, columns=((SPLIT, name),), **one) for name in (TRAIN, VALIDATION, TEST)]
        >>> published_split("mine", rows).folds[0].test
        ('test',)
    """
    parts: dict[str, set[str]] = {TRAIN: set(), VALIDATION: set(), TEST: set()}
    for one in rows:
        if is_unknown(one.group):
            continue
        part = next((text for name, text in one.columns if name == SPLIT), "")
        if part not in parts:
            return None
        parts[part].add(one.group)
    speakers = set().union(*parts.values())
    if not all(parts.values()) or sum(map(len, parts.values())) > len(speakers):
        return None
    return FoldFile(
        corpus=corpus,
        protocol="published-split",
        description="The publisher's own training, validation and test parts, from the column `split`.",
        folds=(Fold(**{part: tuple(sorted(names)) for part, names in parts.items()}),),
    )
