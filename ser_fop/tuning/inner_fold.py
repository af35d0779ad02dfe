"""Where a search takes place: inside the speakers that a fold does not test."""

from ser_fop.corpora.folds import Fold
from ser_fop.errors import InputError


def inner_fold(fold: Fold) -> Fold:
    """Return a fold that tests a fold's validation speakers, so that every figure of a search is theirs.

    As many of its training speakers, every so-manieth of the sorted ones, take the validation's place: they choose
    epochs. The test speakers are in no part.

    Args:
        fold: The fold.

    Raises:
        InputError: If there are too few training speakers.
    """
    train = sorted(fold.train)
    count = min(len(fold.validation), len(train) // 2)
    if count < 1:
        raise InputError(f"a search needs two training speakers at least, this fold has {len(train)}.")
    stride = len(train) // count
    validation = tuple(train[stride // 2 :: stride][:count])
    return Fold(
        test=fold.validation,
        validation=validation,
        train=tuple(speaker for speaker in train if speaker not in validation),
        unused=(*fold.test, *fold.unused),
    )
